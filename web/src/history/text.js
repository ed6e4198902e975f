// A text at any moment, what turns one moment into another, and who wrote which part. Each is one pass over the pieces.
import { STATES, isAlive } from './moment.js'

/** @typedef {import('./moment.js').Shown} Shown */
/** @typedef {{ from: number, to: number, insert: string }} Change */
/**
 * Runs of one author and one fate: run `i` ends at `ends[i]`.
 * @typedef {{ ends: Uint32Array, authors: Uint32Array, states: Uint8Array }} Runs
 */

export class TextPast {
  #columns
  #rowAuthors
  #ends
  #authors
  #states

  /** @param {Pick<import('./columns.js').Index, 'authors'> & { text: import('./columns.js').TextColumns }} index */
  constructor({ text, authors }) {
    this.#columns = text
    this.#rowAuthors = authors
    this.#ends = new Uint32Array(text.born.length)
    this.#authors = new Uint32Array(text.born.length)
    this.#states = new Uint8Array(text.born.length)
  }

  /** @param {Shown} shown */
  text(shown) {
    return this.changes({ at: -1, base: null }, shown).map(({ insert }) => insert).join('')
  }

  /** What turns one moment into another, in places of the first. @param {Shown} before @param {Shown} after @returns {Change[]} */
  changes({ at: fromAt, base: fromBase }, { at: toAt, base: toBase }) {
    const { chars, starts, born, died } = this.#columns
    const [fromOther, toOther] = [fromBase ?? fromAt, toBase ?? toAt]
    /** @type {Change[]} */
    const changes = []
    let place = 0
    let removed = 0
    let added = ''
    // Pieces that come one after the other are one piece of `chars`.
    let since = -1
    const gather = (/** @type {number} */ until) => {
      if (since >= 0) added += chars.slice(starts[since], starts[until])
      since = -1
    }
    const flush = () => {
      if (removed > 0 || added) changes.push({ from: place, to: place + removed, insert: added })
      place += removed
      removed = 0
      added = ''
    }
    for (let piece = 0; piece < born.length; piece += 1) {
      const birth = born[piece]
      const death = died[piece]
      const was = (birth <= fromAt && fromAt < death) || (birth <= fromOther && fromOther < death)
      const is = (birth <= toAt && toAt < death) || (birth <= toOther && toOther < death)
      if (is && !was) {
        if (since < 0) since = piece
        continue
      }
      if (since >= 0) gather(piece)
      if (!was) continue
      const length = starts[piece + 1] - starts[piece]
      if (is) {
        if (removed > 0 || added) flush()
        place += length
      } else {
        removed += length
      }
    }
    gather(born.length)
    flush()
    return changes
  }

  /** @param {Shown} shown @returns {Runs} */
  runs({ at, base }) {
    const { starts, born, died } = this.#columns
    const other = base ?? at
    let count = 0
    let place = 0
    for (let piece = 0; piece < born.length; piece += 1) {
      const birth = born[piece]
      const death = died[piece]
      const is = birth <= at && at < death
      const was = birth <= other && other < death
      if (!is && !was) continue
      const state = is === was ? 0 : is ? 1 : 2
      const author = this.#rowAuthors[state === 2 ? death : birth]
      place += starts[piece + 1] - starts[piece]
      if (count > 0 && this.#authors[count - 1] === author && this.#states[count - 1] === state) {
        this.#ends[count - 1] = place
      } else {
        this.#ends[count] = place
        this.#authors[count] = author
        this.#states[count++] = state
      }
    }
    return { ends: this.#ends.slice(0, count), authors: this.#authors.slice(0, count), states: this.#states.slice(0, count) }
  }

  /** Where something happened at a row: the end of what it inserted, else the place of what it deleted; null when neither is to be seen. @param {number} row @param {Shown} shown */
  placeOf(row, shown) {
    const { starts, born, died } = this.#columns
    let place = 0
    let found = null
    for (let piece = 0; piece < born.length; piece += 1) {
      const length = starts[piece + 1] - starts[piece]
      const isShown = isAlive(born[piece], died[piece], shown.at) || (shown.base !== null && isAlive(born[piece], died[piece], shown.base))
      if (isShown) place += length
      if (born[piece] === row || died[piece] === row) found = place
      else if (found !== null) return found
    }
    return found
  }

  /** Runs that are not as they were, neighbours of one fate and author together. @param {Runs} runs @param {string} text that is shown */
  static changed({ ends, authors, states }, text) {
    return Array.from(ends, (to, index) => ({ from: index > 0 ? ends[index - 1] : 0, to, author: authors[index], state: STATES[states[index]] }))
      .filter(({ state }) => state !== 'kept')
      .map(change => ({ ...change, text: text.slice(change.from, change.to) }))
  }
}
