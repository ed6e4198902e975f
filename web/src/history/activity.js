// When a document was written: sessions, and time as people see it, in which pauses are short. Pure.
import { firstAbove } from './columns.js'

/** A longer pause ends a session, in ms. */
export const SESSION_GAP = 5 * 60_000
/** A longer pause is folded, in ms. */
const PAUSE_LONGEST = 2 * 60_000
/** A folded pause is this part of all the time that people wrote, but never shorter than this, in ms. */
const PAUSE_PART = 1 / 40
const PAUSE_LEAST = 1000

/** @typedef {'time' | 'edit'} Measure */

/** The rows that sessions begin with. @param {ArrayLike<number>} times */
export function sessionsOf(times) {
  /** @type {number[]} */
  const starts = []
  for (let row = 0; row < times.length; row += 1) if (row === 0 || times[row] - times[row - 1] > SESSION_GAP) starts.push(row)
  return starts
}

/** The last row that pauses before another row; where it is the start itself, that of the session before. @param {number[]} starts @param {number} row @param {1 | -1} step @param {number} last */
export function nextSession(starts, row, step, last) {
  if (step > 0) return starts[firstAbove(starts, row)] ?? last
  return starts[firstAbove(starts, row - 1) - 1] ?? 0
}

/** @param {ArrayLike<number>} times */
function foldedPause(times) {
  let written = 0
  for (let row = 1; row < times.length; row += 1) {
    const passed = times[row] - times[row - 1]
    if (passed <= PAUSE_LONGEST) written += passed
  }
  return Math.min(PAUSE_LONGEST, Math.max(PAUSE_LEAST, written * PAUSE_PART))
}

/** Places of rows on a line, by time with pauses folded or by number. */
export class Scale {
  #places

  /** @param {ArrayLike<number>} times @param {Measure} measure @param {number} [pause] how long the longest one is; otherwise long ones are folded */
  constructor(times, measure, pause) {
    const folded = pause ?? foldedPause(times)
    this.#places = new Float64Array(times.length)
    for (let row = 1; row < times.length; row += 1) {
      const passed = times[row] - times[row - 1]
      const shown = passed > (pause ?? PAUSE_LONGEST) ? folded : passed
      // Rows of one moment stand apart by as much as can be told.
      this.#places[row] = this.#places[row - 1] + (measure === 'edit' ? 1 : Math.max(1, shown))
    }
  }

  get length() {
    return this.#places.at(-1) ?? 0
  }

  /** @param {number} row */
  placeOf(row) {
    return this.#places[Math.max(0, row)] ?? 0
  }

  /** The last row at or before a place. @param {number} place */
  rowAt(place) {
    return Math.max(0, firstAbove(this.#places, place) - 1)
  }
}

/**
 * How much each author wrote in each of `count` parts of a scale.
 * @param {{ authors: ArrayLike<number>, inserted: ArrayLike<number>, deleted: ArrayLike<number>, users: unknown[] }} index
 * @param {Scale} scale
 * @param {number} count
 * @returns {Float32Array[]} per author
 */
export function buckets({ authors, inserted, deleted, users }, scale, count) {
  const parts = users.map(() => new Float32Array(count))
  const width = (scale.length || 1) / count
  for (let row = 0; row < authors.length; row += 1) {
    const part = Math.min(count - 1, Math.floor(scale.placeOf(row) / width))
    // An edit counts, and what is pasted counts little more: strips show people at work.
    parts[authors[row]][part] += 1 + Math.min(20, inserted[row] + deleted[row]) / 4
  }
  return parts
}
