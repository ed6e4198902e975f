// Runs of text by the same author in a shared text, in its order. Knows no views.
import { Y } from '../../vendor/core.js'

/** @typedef {import('./contract.js').WriterOf} WriterOf */
/** @typedef {import('./contract.js').AuthorLook} AuthorLook */

/** Colours follow what is written after this quiet time, in ms. */
export const COLOURED_AFTER = 120

/**
 * @param {Y.Text} text
 * @param {WriterOf} writerOf
 * @param {(from: number, to: number, look: AuthorLook) => void} each
 * @returns {number} the length of the text
 */
export function authorRuns(text, writerOf, each) {
  let place = 0
  let from = 0
  /** @type {AuthorLook | null} */
  let current = null
  const turn = (/** @type {AuthorLook | null} */ next) => {
    if (current === next) return
    if (current && place > from) each(from, place, current)
    from = place
    current = next
  }
  for (let item = text._start; item; item = item.right) {
    if (item.deleted || !(item.content instanceof Y.ContentString)) continue
    const { client, clock } = item.id
    for (let at = clock; at < clock + item.length;) {
      const { end, look } = writerOf(client, at)
      turn(look)
      const to = Math.min(end, clock + item.length)
      place += to - at
      at = to
    }
  }
  turn(null)
  return place
}
