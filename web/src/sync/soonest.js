// A timer that several may set: it runs once, at the earliest time asked for.

/** One such timer. */
export class Soonest {
  /** @type {{ timer: import('./socket.js').Timer, at: number } | null} */
  #due = null
  #environment
  #run

  /** @param {import('./socket.js').Environment} environment @param {() => Promise<void>} run nothing else is due while it runs */
  constructor(environment, run) {
    this.#environment = environment
    this.#run = run
  }

  /** Runs within this time, or earlier if that was asked for. @param {number} ms */
  within(ms) {
    const at = this.#environment.now() + ms
    if (this.#due && this.#due.at <= at) return
    this.stop()
    const due = { at, timer: this.#environment.setTimeout(() => this.#run().finally(() => this.#due === due && (this.#due = null)), ms) }
    this.#due = due
  }

  /** Nothing is due any more. */
  stop() {
    if (this.#due) this.#environment.clearTimeout(this.#due.timer)
    this.#due = null
  }
}
