// Which kind the documents opened here were, so that the right editor is fetched before the document is here.
// A wrong memory costs a fetch, nothing else.
import { BASE } from '../mount/index.js'
import { read, write } from './storage.js'

const KEY = `coscribe.kinds${BASE}`
const MOST = 200

/** @returns {[name: string, kind: string][]} */
function all() {
  const stored = read(KEY, [])
  return Array.isArray(stored) ? stored.filter(entry => Array.isArray(entry) && entry.length === 2) : []
}

/** @param {string} name @returns {string | undefined} */
export const kindOf = name => all().find(entry => entry[0] === name)?.[1]

/** @param {string} name @param {string} kind */
export function rememberKind(name, kind) {
  if (kindOf(name) !== kind) write(KEY, [[name, kind], ...all().filter(entry => entry[0] !== name)].slice(0, MOST))
}
