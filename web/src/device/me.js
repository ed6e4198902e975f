// The person at this device: a name others see, and an id that makes two tabs one person.
// Not an account: anybody can take any name, so nothing may depend on it.
import { t } from '../i18n/index.js'
import { follow, read, write } from './storage.js'

const KEY = 'coscribe.me'
/** Longest name, in characters; avatars and flags must hold it. */
export const NAME_LONGEST = 40

/** @typedef {{ id: string, name: string }} Person */

/** The person as remembered, or a new one with a friendly name. @returns {Person} */
export function loadMe() {
  const known = rememberedMe()
  if (known) return known
  const me = { id: randomText(12), name: friendlyName() }
  write(KEY, me)
  return me
}

/** Calls back when another tab of this device has renamed the person. @param {(name: string) => void} renamed */
export function followMe(renamed) {
  follow(KEY, () => {
    const me = rememberedMe()
    if (me) renamed(me.name)
  })
}

/** @returns {Person | null} */
function rememberedMe() {
  const stored = /** @type {Partial<Person> | null} */ (read(KEY, null))
  return stored && typeof stored.id === 'string' && typeof stored.name === 'string' && stored.name ? { id: stored.id, name: stored.name } : null
}

/** Two words of the page's language. */
function friendlyName() {
  const [first, second] = [t('common.names.first'), t('common.names.second')].map(words => pick(words.split(' ')))
  return t('common.names', { first, second })
}

/** Remembers another name; an empty one changes nothing. @param {Person} me @param {string} name @returns {Person} */
export function renameMe(me, name) {
  const tidy = name.replace(/\s+/g, ' ').trim().slice(0, NAME_LONGEST)
  const renamed = tidy ? { ...me, name: tidy } : me
  write(KEY, renamed)
  return renamed
}

/** Letters and digits from the browser's secure randomness. @param {number} length */
export function randomText(length) {
  const letters = 'abcdefghijkmnpqrstuvwxyz23456789'
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), byte => letters[byte % letters.length]).join('')
}

/** @param {string[]} list */
function pick(list) {
  return list[crypto.getRandomValues(new Uint8Array(1))[0] % list.length]
}
