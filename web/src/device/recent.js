// The documents opened on this device, newest first. Names and times only; never any content.
import { read, write } from './storage.js'

const KEY = 'coscribe.recent'
const MOST = 30

/** @typedef {{ name: string, at: number }} Recent `at` in ms since 1970 */

/** @returns {Recent[]} */
export function listRecent() {
  const stored = read(KEY, [])
  if (!Array.isArray(stored)) return []
  return stored.filter(entry => typeof entry?.name === 'string' && typeof entry?.at === 'number')
}

/** Puts a document first. @param {string} name @param {number} at */
export function rememberRecent(name, at) {
  write(KEY, [{ name, at }, ...listRecent().filter(entry => entry.name !== name)].slice(0, MOST))
}

/** @param {string} name */
export function forgetRecent(name) {
  write(KEY, listRecent().filter(entry => entry.name !== name))
}
