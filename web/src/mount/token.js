// What this page shows the server of who looks at it: the token that the app around it put into the address
// (`?token=`), and the one of a share link (`#share=`). Knows no page. The first is a person's and leaves the address
// at once, so that nobody copies it along; the second is the link and stays.
import { below } from './index.js'

/** Of this tab only. */
const PERSON = 'coscribe.token'
/** A link is good for its document for as long as it lasts. @param {string} name */
const linkOf = name => `coscribe.link.${name}`

/** Without storage a token lasts as long as the page. @type {Map<string, string>} */
const memory = new Map()

/** Takes the tokens that came with the address. To be called before anything is asked. */
export function takeTokens() {
  const address = new URL(location.href)
  const person = address.searchParams.get('token')
  if (person !== null) {
    if (person) keep(() => sessionStorage, PERSON, person)
    address.searchParams.delete('token')
    history.replaceState(history.state, '', address)
  }
  const link = new URLSearchParams(address.hash.slice(1)).get('share')
  const name = nameHere()
  if (link && name !== null) keep(() => localStorage, linkOf(name), link)
}

/** What is shown now. @param {string | null} [name] the document that it is about @returns {string[]} */
export function shown(name = nameHere()) {
  const link = name === null ? null : kept(() => localStorage, linkOf(name))
  return [link, kept(() => sessionStorage, PERSON)].filter(token => token !== null)
}

/** A link that was given to whoever is here. @param {string} name the document's @param {string} link */
export function keepLink(name, link) {
  keep(() => localStorage, linkOf(name), link)
}

/** The document has another name now: its link leads there. @param {string} before @param {string} name */
export function moveLink(before, name) {
  const link = kept(() => localStorage, linkOf(before))
  if (link) keep(() => localStorage, linkOf(name), link)
}

/** An address to download from, which can show something only in itself. @param {string} url */
export function withTokens(url) {
  const query = shown().map(token => `token=${encodeURIComponent(token)}`).join('&')
  return query ? `${url}${url.includes('?') ? '&' : '?'}${query}` : url
}

/** The name of the document that this page is of. */
function nameHere() {
  const name = below(globalThis.location?.pathname ?? '')?.match(/^\/[dh]\/(.+)$/s)?.[1]
  try {
    return name ? decodeURIComponent(name) : null
  } catch {
    return null
  }
}

/** @param {() => Storage} storage @param {string} key @param {string} value */
function keep(storage, key, value) {
  memory.set(key, value)
  try {
    storage().setItem(key, value)
  } catch {
    // Then it lasts as long as the page.
  }
}

/** @param {() => Storage} storage @param {string} key */
function kept(storage, key) {
  try {
    return storage().getItem(key) ?? memory.get(key) ?? null
  } catch {
    return memory.get(key) ?? null
  }
}
