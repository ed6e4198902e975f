// Which edits of a document are on the server's disk. Counts edits made and edits confirmed, both absolute, so
// that a lost or repeated answer can never make the two drift apart. Knows nothing of sockets; time is a parameter.
import { confirmed, known, merged, pending } from './marks.js'

/** @typedef {import('./marks.js').Marks} Marks */

/** Counts edits, our own and those of other tabs, against the server's confirmations. */
export class Saving {
  /** @type {Marks} */
  marks = {}
  /** When the oldest edit that is not confirmed was made, in ms; null when all are. @type {number | null} */
  unsavedSince = null
  /** When everything was last confirmed, in ms; null when nothing was edited. @type {number | null} */
  savedAt = null
  /** The questions under way on this connection, oldest first. @type {{ count: number, known: import('./marks.js').Known, at: number }[]} */
  #asked = []
  #session

  /** @param {string} session who makes the edits counted by `edited` */
  constructor(session) {
    this.#session = session
  }

  /** How many edits are not confirmed. */
  get unsaved() {
    return pending(this.marks)
  }

  /** All edits so far. */
  get made() {
    return Object.values(this.marks).reduce((sum, [made]) => sum + made, 0)
  }

  /** A local edit was made, or found to be missing on the server. @param {number} now */
  edited(now) {
    const [made, sure] = this.marks[this.#session] ?? [0, 0]
    this.learned({ [this.#session]: [made + 1, sure] }, now)
  }

  /** Storage or another tab tells of edits that are in this document now, and of confirmations. @param {Marks} marks @param {number} now */
  learned(marks, now) {
    const before = this.unsaved
    this.marks = merged(this.marks, marks)
    if (this.unsaved === 0) this.#settled(before, now)
    else this.unsavedSince ??= now
  }

  /** Whether a question would tell something that those under way will not. */
  get shouldAsk() {
    return this.unsaved > 0 && (this.#asked.at(-1)?.count ?? 0) < this.made
  }

  /** The count to ask for; call when the question is sent. @param {number} now */
  ask(now) {
    const count = this.made
    this.#asked.push({ count, known: known(this.marks), at: now })
    return count
  }

  /**
   * The server confirmed `count`. Answers to questions that were not asked on this connection are ignored.
   * @param {number} count
   * @param {number} now
   * @returns {boolean} whether that was news
   */
  confirmed(count, now) {
    const place = this.#asked.findIndex(question => question.count === count)
    if (place < 0) return false
    const [question] = this.#asked.splice(0, place + 1).slice(-1)
    const before = this.unsaved
    this.marks = confirmed(this.marks, question.known)
    if (this.unsaved === before) return false
    if (this.unsaved > 0) this.unsavedSince = question.at
    else this.#settled(before, now)
    return true
  }

  /** What has to be confirmed before everything of now is saved. */
  goal() {
    return known(this.marks)
  }

  /** Whether everything of a `goal` is confirmed. @param {import('./marks.js').Known} goal */
  covers(goal) {
    return Object.entries(goal).every(([session, made]) => (this.marks[session]?.[1] ?? 0) >= made)
  }

  /** The connection is gone, and with it the questions under way. */
  disconnected() {
    this.#asked = []
  }

  /** @param {number} before @param {number} now */
  #settled(before, now) {
    this.unsavedSince = null
    if (before > 0) this.savedAt = now
  }
}
