// Names of documents and their addresses. The same rules as the server's: 1–256 bytes of UTF-8, no control
// characters, not `.` or `..`. A `/` inside a name travels as %2F.
import { below, inApp } from '../mount/index.js'

/** The most bytes of UTF-8 that a name may have. */
export const BYTES_MOST = 256

/** @param {string} name */
export const bytesOf = name => new TextEncoder().encode(name).length

/** What is wrong with a name; null when it is fine. @param {string} name */
export function faultOf(name) {
  if (name === '') return 'empty'
  if (name === '.' || name === '..') return 'dots'
  if (/\p{Cc}/u.test(name)) return 'control'
  if (!name.isWellFormed()) return 'half'
  return bytesOf(name) > BYTES_MOST ? 'long' : null
}

/** The page of a document. @param {string} name */
export const pathOf = name => inApp(`/d/${encodeURIComponent(name)}`)

/** The page of a document's past. @param {string} name */
export const historyPathOf = name => inApp(`/h/${encodeURIComponent(name)}`)

/** The document that a path is the page or the history of; null when it names none. @param {string} path */
export function nameIn(path) {
  const match = below(path)?.match(/^\/[dh]\/(.+)$/s)
  if (!match) return null
  try {
    const name = decodeURIComponent(match[1])
    return faultOf(name) ? null : name
  } catch {
    return null
  }
}
