// The changes of one document that wait to be stored on this device, and how many of our edits they hold. Stores
// nothing itself.
import { Y } from '../../vendor/core.js'

/** `edits`: how many of our own are in it. @typedef {{ update: Uint8Array, edits: number }} Change */

/** A queue whose head may be on its way. */
export class Unstored {
  /** @type {Change[]} */
  #queue = []
  /** Edits that are being written. */
  #writing = 0

  /** Our own edits that are not stored yet. */
  get edits() {
    return this.#queue.reduce((sum, { edits }) => sum + edits, this.#writing)
  }

  get isEmpty() {
    return this.#queue.length === 0
  }

  /** @param {Uint8Array} update @param {boolean} isEdit of ours */
  add(update, isEdit) {
    this.#queue.push({ update, edits: isEdit ? 1 : 0 })
  }

  /** Everything that waits, to be written: `written` or `refused` must follow. */
  take() {
    const taken = this.#queue.splice(0)
    this.#writing = taken.reduce((sum, { edits }) => sum + edits, 0)
    return taken
  }

  /** What was taken is stored. */
  written() {
    this.#writing = 0
  }

  /** It is not, and goes first the next time. @param {Change[]} taken */
  refused(taken) {
    this.#writing = 0
    if (taken.length > 0) this.#queue.unshift(gathered(taken))
  }
}

/** @param {Change[]} changes @returns {Change} */
const gathered = changes => ({ update: Y.mergeUpdates(changes.map(({ update }) => update)), edits: changes.reduce((sum, { edits }) => sum + edits, 0) })
