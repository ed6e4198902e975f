// The person at this device: a name others see, and an id that makes two tabs one person.
// Not an account: anybody can take any name, so nothing may depend on it.
import { read, write } from './storage.js'

const KEY = 'coscribe.me'
/** Longest name, in characters; avatars and flags must hold it. */
export const NAME_LONGEST = 40

const KINDS = ['Amber', 'Blue', 'Coral', 'Green', 'Ivory', 'Plum', 'Silver', 'Teal']
const ANIMALS = ['Crane', 'Fox', 'Hare', 'Heron', 'Lynx', 'Otter', 'Owl', 'Wren']

/** @typedef {{ id: string, name: string }} Person */

/** The person as remembered, or a new one with a friendly name. @returns {Person} */
export function loadMe() {
  const stored = /** @type {Partial<Person> | null} */ (read(KEY, null))
  if (stored && typeof stored.id === 'string' && typeof stored.name === 'string' && stored.name) return { id: stored.id, name: stored.name }
  const me = { id: randomText(12), name: `${pick(KINDS)} ${pick(ANIMALS)}` }
  write(KEY, me)
  return me
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
