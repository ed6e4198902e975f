// The documents opened on this device, newest first: names, times and what they were called. Never any content.
import { BASE } from '../mount/index.js'
import { read, write } from './storage.js'

const KEY = `coscribe.recent${BASE}`
const MOST = 30

/** @typedef {import('../sync/meta.js').Kind} Kind */
/** @typedef {{ name: string, at: number, title?: string, kind?: Kind | null }} Recent `at` in ms since 1970 */

/** @returns {Recent[]} */
export function listRecent() {
  const stored = read(KEY, [])
  if (!Array.isArray(stored)) return []
  return stored.filter(entry => typeof entry?.name === 'string' && typeof entry?.at === 'number')
}

/** Puts a document first. @param {string} name @param {number} at @param {{ title?: string, kind?: Kind | null }} [about] */
export function rememberRecent(name, at, about = {}) {
  const before = listRecent()
  const known = before.find(entry => entry.name === name)
  write(KEY, [{ ...known, ...about, name, at }, ...before.filter(entry => entry.name !== name)].slice(0, MOST))
}

/** Keeps what a document is called now, where it stands in the list. @param {string} name @param {{ title?: string, kind?: Kind | null }} about */
export function describeRecent(name, about) {
  write(KEY, listRecent().map(entry => (entry.name === name ? { ...entry, ...about } : entry)))
}

/** A document is called something else in addresses now. @param {string} before @param {string} name */
export function renameRecent(before, name) {
  const known = listRecent().filter(entry => entry.name !== name)
  write(KEY, known.map(entry => (entry.name === before ? { ...entry, name } : entry)))
}

/** @param {string} name */
export function forgetRecent(name) {
  write(KEY, listRecent().filter(entry => entry.name !== name))
}
