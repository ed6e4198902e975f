// Names of documents and their addresses. The same rules as the server's: 1–256 bytes of UTF-8, no control
// characters, not `.` or `..`. A `/` inside a name travels as %2F.
import { t } from '../i18n/index.js'

const BYTES_MOST = 256
const FRESH_LENGTH = 22
const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** What is wrong with a name, for the person who typed it; null when it is fine. @param {string} name */
export function problemWith(name) {
  if (name === '') return t('home.name.empty')
  if (name === '.' || name === '..') return t('home.name.dots')
  if (/\p{Cc}/u.test(name)) return t('home.name.control')
  if (!name.isWellFormed()) return t('home.name.half')
  const bytes = new TextEncoder().encode(name).length
  return bytes > BYTES_MOST ? t('home.name.long', { bytes, most: BYTES_MOST }) : null
}

/** The page of a document. @param {string} name */
export const pathOf = name => `/d/${encodeURIComponent(name)}`

/** The document that a path is the page of; null when it names none. @param {string} path */
export function nameIn(path) {
  const match = path.match(/^\/d\/(.+)$/s)
  if (!match) return null
  try {
    const name = decodeURIComponent(match[1])
    return problemWith(name) ? null : name
  } catch {
    return null
  }
}

/** A name nobody can guess (131 bits), so that only those with the link find the document. */
export function freshName() {
  let name = ''
  while (name.length < FRESH_LENGTH) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1))
    // The last incomplete round of letters would make the first ones likelier.
    if (byte < 256 - (256 % LETTERS.length)) name += LETTERS[byte % LETTERS.length]
  }
  return name
}

/** Whether a name was made up and says nothing to people. @param {string} name */
export const isFresh = name => /^(?=.*[a-z])(?=.+[A-Z])[0-9A-Za-z]{22}$/.test(name)
