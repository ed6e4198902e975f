// A document as the lists show it, and which of them answer a search. Pure.
import { isFresh } from '../device/fresh_names.js'

/** @typedef {import('../api/types.js').DocumentInfo} DocumentInfo */
/** @typedef {import('../device/recent.js').Recent} Recent */

/**
 * @typedef {object} Item
 * @property {string} name
 * @property {string} title empty when it has none and its name says nothing to people
 * @property {import('../sync/meta.js').Kind | null} kind
 * @property {string} lang
 * @property {number} at ms: last changed, or opened here when the server has not told
 * @property {boolean} isOpenedAt whether `at` is when it was opened here
 * @property {number | null} bytes null when the server has not told
 * @property {number} people here now
 * @property {boolean} isUnsent whether edits on this device have not reached the server
 * @property {boolean} [isAway] it does not open before the server is back
 */

/** @param {DocumentInfo} info @returns {Item} */
export function itemOf({ name, title, kind, lang, changed, bytes, people }) {
  return { name, title: calledBy(name, title), kind, lang, at: changed, isOpenedAt: false, bytes, people, isUnsent: false }
}

/**
 * A document opened on this device, with what the server said of it.
 * @param {Recent & { isUnsent?: boolean }} recent
 * @param {DocumentInfo | undefined} info
 * @returns {Item}
 */
export function recentItem({ name, at, title = '', kind = null, isUnsent = false }, info) {
  if (info) return { ...itemOf(info), isUnsent }
  return { name, title: calledBy(name, title), kind, lang: '', at, isOpenedAt: true, bytes: null, people: 0, isUnsent }
}

/** A name somebody chose is as good as a title. @param {string} name @param {string} title */
const calledBy = (name, title) => title || (isFresh(name) ? '' : name)

/**
 * The items that answer a search, best first: all words in the title, the name or the kind.
 * @param {Item[]} items
 * @param {string} query
 * @param {(item: Item) => string} kindOf the kind in the reader's words
 */
export function search(items, query, kindOf) {
  const words = fold(query).split(/\s+/).filter(Boolean)
  const scored = items.map(item => ({ item, score: scoreOf(item, words, kindOf(item)) }))
  return scored
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score || other.item.at - one.item.at)
    .map(({ item }) => item)
}

/** Nothing when a word is in no part. @param {Item} item @param {string[]} words @param {string} kind */
function scoreOf(item, words, kind) {
  const title = fold(item.title)
  const others = [fold(item.name), fold(kind), fold(item.lang)]
  let score = words.length > 1 && title.includes(words.join(' ')) ? 3 : 1
  for (const word of words) {
    if (title.startsWith(word)) score += 4
    else if (title.includes(` ${word}`)) score += 3
    else if (title.includes(word)) score += 2
    else if (!others.some(text => text.includes(word))) return 0
  }
  return score
}

/** Without case and accents, so that "resume" finds "Résumé". @param {string} text */
const fold = text => text.normalize('NFD').replace(/\p{Mn}/gu, '').toLowerCase().trim()

/**
 * A title cut where a search's first word stands in it.
 * @param {string} title
 * @param {string} query
 * @returns {[before: string, hit: string, after: string]}
 */
export function cutAt(title, query) {
  const word = query.trim().split(/\s+/)[0]?.toLowerCase()
  const start = word ? title.toLowerCase().indexOf(word) : -1
  return start < 0 ? [title, '', ''] : [title.slice(0, start), title.slice(start, start + word.length), title.slice(start + word.length)]
}

/**
 * A list as the server tells it now. While somebody is in the list, everything stays at its place: what is new
 * waits, and what is gone goes.
 * @param {DocumentInfo[]} shown
 * @param {DocumentInfo[]} fresh
 * @param {boolean} mayMove
 */
export function merge(shown, fresh, mayMove) {
  if (mayMove) return fresh
  const byName = new Map(fresh.map(info => [info.name, info]))
  return shown.flatMap(info => byName.get(info.name) ?? [])
}
