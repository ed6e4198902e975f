// Who is here: sends this page's own presence (name, caret) at most every 60 ms, the newest state only, as a caret
// that moves faster costs every other person's browser more than it shows them; and forgets others when they are
// out of reach. No DOM, no sockets.
import { awareness as protocol } from '../../vendor/core.js'

/** Shortest time between two messages about our own state, in ms. */
const INTERVAL = 60

/** The presence of one document, told and heard. */
export class Presence {
  /** @type {import('./socket.js').Timer | undefined} */
  #timer
  /** When the last message went out. */
  #last = -Infinity
  /** Other tabs of this device, which stay when the connection goes. @type {Set<number>} */
  #nearby = new Set()
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
    awareness.on('update', this.#onUpdate)
  }

  /** Sends the local state as it is. */
  now() {
    this.stop()
    this.#last = this.#environment.now()
    this.#send(protocol.encodeAwarenessUpdate(this.#awareness, [this.#awareness.clientID]))
  }

  /** Somebody asks who we are. */
  asked() {
    if (this.#awareness.getLocalState()) this.now()
  }

  /** @param {Uint8Array} states */
  heard(states) {
    protocol.applyAwarenessUpdate(this.#awareness, states, this)
  }

  /** Another tab of this device tells of itself. @param {number} client @param {Uint8Array} states */
  heardNearby(client, states) {
    this.#nearby.add(client)
    this.heard(states)
  }

  /** The connection is gone, and with it all but the other tabs. */
  disconnected() {
    this.stop()
    const others = [...this.#awareness.getStates().keys()].filter(id => id !== this.#awareness.clientID && !this.#nearby.has(id))
    protocol.removeAwarenessStates(this.#awareness, others, this)
  }

  /** Forgets a message that waits. */
  stop() {
    this.#environment.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Neither tells nor hears any more. */
  destroy() {
    this.stop()
    this.#awareness.off('update', this.#onUpdate)
  }

  /** The local state changed: sends it now or when the interval is over. A leave never waits. */
  #onUpdate = (/** @type {unknown} */ _change, /** @type {unknown} */ origin) => {
    if (origin !== 'local') return
    if (this.#awareness.getLocalState() === null) return this.now()
    if (this.#timer !== undefined) return
    const wait = this.#last + INTERVAL - this.#environment.now()
    if (wait <= 0) this.now()
    else this.#timer = this.#environment.setTimeout(() => this.now(), wait)
  }
}
