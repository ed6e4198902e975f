// Holds back things while an input method composes text: editors break a composition when somebody else's
// edit lands in the same line. Bounded in time and number; what waited comes out together. Pure but for timers.

/** Longest hold in ms, and the most things held. */
const LONGEST = 3000
const MOST = 200

/** A gate for values in order. @template Value */
export class Hold {
  /** Null when the gate is open. @type {Value[] | null} */
  #waiting = null
  /** @type {import('./socket.js').Timer | undefined} */
  #timer
  #pass
  #environment

  /**
   * @param {(values: Value[]) => void} pass receives one value, or all that waited
   * @param {import('./socket.js').Environment} environment
   */
  constructor(pass, environment) {
    this.#pass = pass
    this.#environment = environment
  }

  /** @param {Value} value */
  push(value) {
    if (!this.#waiting) return this.#pass([value])
    this.#waiting.push(value)
    if (this.#waiting.length >= MOST) this.release()
  }

  /** From now on values wait. Holding twice does not hold longer. */
  hold() {
    if (this.#waiting) return
    this.#waiting = []
    this.#timer = this.#environment.setTimeout(() => this.release(), LONGEST)
  }

  /** Lets everything pass, now and from now on. */
  release() {
    const waited = this.#waiting
    if (!waited) return
    this.#environment.clearTimeout(this.#timer)
    this.#waiting = null
    if (waited.length > 0) this.#pass(waited)
  }
}
