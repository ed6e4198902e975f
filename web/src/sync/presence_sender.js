// Sends this page's own presence (name, caret) at most every 60 ms, the newest state only: a caret that
// moves faster than that costs every other person's browser more than it shows them. No DOM, no sockets.
import { awareness as protocol } from '../../vendor/core.js'

/** Shortest time between two messages about our own state, in ms. */
const INTERVAL = 60

/** Publishes the local state of one awareness instance. */
export class PresenceSender {
  /** @type {import('./socket.js').Timer | undefined} */
  #timer
  /** When the last message went out. */
  #last = -Infinity
  #awareness
  #send
  #environment

  /**
   * @param {protocol.Awareness} awareness
   * @param {(states: Uint8Array) => void} send
   * @param {import('./socket.js').Environment} environment
   */
  constructor(awareness, send, environment) {
    this.#awareness = awareness
    this.#send = send
    this.#environment = environment
  }

  /** The local state changed: sends it now or when the interval is over. A leave never waits. */
  changed() {
    if (this.#awareness.getLocalState() === null) return this.now()
    if (this.#timer !== undefined) return
    const wait = this.#last + INTERVAL - this.#environment.now()
    if (wait <= 0) this.now()
    else this.#timer = this.#environment.setTimeout(() => this.now(), wait)
  }

  /** Sends the local state as it is. */
  now() {
    this.stop()
    this.#last = this.#environment.now()
    this.#send(protocol.encodeAwarenessUpdate(this.#awareness, [this.#awareness.clientID]))
  }

  /** Forgets a message that waits. */
  stop() {
    this.#environment.clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
