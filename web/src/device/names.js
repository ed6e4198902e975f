// Names of documents and their addresses. The same rules as the server's: 1–256 bytes of UTF-8, no control
// characters, not `.` or `..`. A `/` inside a name travels as %2F.
import { randomText } from './me.js'

const BYTES_MOST = 256

/** What is wrong with a name, for the person who typed it; null when it is fine. @param {string} name */
export function problemWith(name) {
  if (name === '') return 'Type a name first.'
  if (name === '.' || name === '..') return 'A name cannot be only dots.'
  if (/\p{Cc}/u.test(name)) return 'A name cannot contain control characters.'
  if (!name.isWellFormed()) return 'A name cannot contain half characters.'
  const bytes = new TextEncoder().encode(name).length
  return bytes > BYTES_MOST ? `This name is too long: ${bytes} bytes, at most ${BYTES_MOST}.` : null
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

/** A name nobody can guess, so that only those with the link find the document. */
export const freshName = () => `note-${randomText(12)}`
