// Which local edits are on the server's disk. Counts edits made and edits confirmed, both absolute, so that
// a lost or repeated answer can never make the two drift apart. Knows nothing of sockets; time is a parameter.

/** Counts local edits against the server's confirmations. */
export class Saving {
  /** Local edits so far. */
  sent = 0
  /** Of these, how many the server has confirmed to be on disk. */
  acked = 0
  /** When the oldest edit that is not confirmed was made, in ms; null when all are. @type {number | null} */
  unsavedSince = null
  /** When everything was last confirmed, in ms; null when nothing was edited. @type {number | null} */
  savedAt = null
  /** The questions under way on this connection, oldest first. @type {{ count: number, at: number }[]} */
  #asked = []

  /** How many edits are not confirmed. */
  get unsaved() {
    return this.sent - this.acked
  }

  /** A local edit was made, or found to be missing on the server. @param {number} now */
  edited(now) {
    this.sent++
    this.unsavedSince ??= now
  }

  /** Whether a question would tell something that those under way will not. */
  get shouldAsk() {
    return this.unsaved > 0 && (this.#asked.at(-1)?.count ?? 0) < this.sent
  }

  /** The count to ask for; call when the question is sent. @param {number} now */
  ask(now) {
    this.#asked.push({ count: this.sent, at: now })
    return this.sent
  }

  /**
   * The server confirmed `count`. Answers to questions that were not asked on this connection are ignored.
   * @param {number} count
   * @param {number} now
   */
  confirmed(count, now) {
    const place = this.#asked.findIndex(question => question.count === count)
    if (place < 0) return
    const [question] = this.#asked.splice(0, place + 1).slice(-1)
    if (count <= this.acked) return
    this.acked = count
    if (this.unsaved > 0) {
      this.unsavedSince = question.at
    } else {
      this.unsavedSince = null
      this.savedAt = now
    }
  }

  /** The connection is gone, and with it the questions under way. */
  disconnected() {
    this.#asked = []
  }
}
