// What is said about one document on a connection: the handshake, changes in both directions, and the questions
// whether they are on disk. Counts in `saving`, judges lives in `life`; opens no sockets, keeps no copies.
import { Y } from '../../vendor/core.js'
import * as frames from './frames.js'
import { Hold } from './hold.js'
import { isEmpty, isIncomplete } from './life.js'

/** Time between a local edit and the question whether it is on disk, in ms; edits within it share one. */
const ASK_AFTER = 80

/**
 * @typedef {object} Owner
 * @property {Y.Doc} doc
 * @property {import('./saving.js').Saving} saving
 * @property {import('./life.js').Life} life
 * @property {unknown} origin of the changes that the server sends
 * @property {(frame: Uint8Array) => void} send
 * @property {(reason: string) => void} reconnect
 * @property {() => void} inStep the document here has all that the server has
 * @property {() => void} replaced the server has another life of the document
 * @property {() => void} counted edits were found missing on the server, or confirmed
 * @property {() => void} joined the document here belongs to a life on the server now
 */

/** The talk about one document, over as many connections as it takes. */
export class Exchange {
  /** Bytes of one change that the server takes; more goes as an answer to its question, which may be larger. */
  largest = Infinity
  /** Our side of the handshake is done: the server has, or will be sent, all we have. */
  isAnswered = false
  /** What the server sends now may complete edits of another tab, which waited for it and which the server may lack. */
  isCompleting = false
  /** One failed merge is answered by asking for everything again, a second one by a new connection. */
  #resyncing = false
  /** @type {import('./socket.js').Timer | undefined} */
  #askTimer
  #owner
  #environment
  #hold

  /** @param {Owner} owner @param {import('./socket.js').Environment} environment */
  constructor(owner, environment) {
    this.#owner = owner
    this.#environment = environment
    this.#hold = new Hold((/** @type {frames.Message[]} */ messages) => this.#syncAll(messages), environment)
  }

  /** A connection begins. */
  opened() {
    this.#owner.life.connected()
    this.#owner.send(frames.stepOne(Y.encodeStateVector(this.#owner.doc)))
  }

  /** The connection is gone. */
  closed() {
    this.#hold.release()
    this.isAnswered = false
    this.#resyncing = false
    this.#owner.saving.disconnected()
  }

  /** Others' edits wait until `release`, or for a while: an input method is composing text. */
  hold() {
    this.#hold.hold()
  }

  /** Ends `hold`: what waited is merged in one transaction. */
  release() {
    this.#hold.release()
  }

  /** @param {frames.Message} message of the document */
  received(message) {
    this.#hold.push(message)
  }

  /** @param {frames.Hello} hello */
  greeted({ epoch, largest }) {
    this.largest = largest
    const { life, doc } = this.#owner
    const before = life.epoch
    if (life.greeted(epoch, isEmpty(doc)) === 'replaced') return this.#owner.replaced()
    if (life.epoch !== before) this.#owner.joined()
    else if (life.isYoung && this.isAnswered) this.ask()
  }

  /** The server answered that what was sent before a question is on disk. @param {number} count */
  confirmed(count) {
    const { life, saving } = this.#owner
    const before = life.epoch
    life.confirmed()
    if (life.epoch !== before) this.#owner.joined()
    if (saving.confirmed(count, this.#environment.now())) this.#owner.counted()
    // Some of what we asked about may have been counted meanwhile.
    if (saving.shouldAsk) this.askSoon()
  }

  /** A change of the document that did not come from the server, and is counted. @param {Uint8Array} update */
  changed(update) {
    if (this.isAnswered) this.#owner.send(update.length > this.largest ? frames.stepTwo(update) : frames.change(update))
    this.askSoon()
  }

  /** Asks the server within a moment, if there is something to ask. */
  askSoon() {
    this.#askTimer ??= this.#environment.setTimeout(() => {
      this.#askTimer = undefined
      if (this.isAnswered && this.#owner.saving.shouldAsk) this.ask()
    }, ASK_AFTER)
  }

  /** Asks now. Never before our side of the handshake: the answer would cover only what was sent on this connection. */
  ask() {
    this.#owner.send(frames.barrier(this.#owner.saving.ask(this.#environment.now())))
  }

  /** Forgets what waits. */
  stop() {
    this.#hold.release()
    this.#environment.clearTimeout(this.#askTimer)
  }

  /** Several become one change to whoever observes the document. @param {frames.Message[]} messages */
  #syncAll(messages) {
    const { doc, origin } = this.#owner
    this.isCompleting = isIncomplete(doc)
    if (messages.length === 1) this.#sync(messages[0])
    else Y.transact(doc, () => messages.forEach(message => this.#sync(message)), origin, false)
    this.isCompleting = false
  }

  /** @param {frames.Message} message */
  #sync(message) {
    const { doc, life, origin } = this.#owner
    if (message.type === 'step-1') return this.#answer(message.vector)
    if (message.type !== 'step-2' && message.type !== 'update') return
    if (life.isUnproven) return this.#owner.reconnect('a change came before the handshake')
    try {
      Y.applyUpdate(doc, message.update, origin)
    } catch (error) {
      console.error('an update from the server cannot be merged', error)
      if (this.#resyncing) return this.#owner.reconnect('update cannot be merged')
      this.#resyncing = true
      this.#owner.send(frames.stepOne(Y.encodeStateVector(doc)))
      return
    }
    if (message.type !== 'step-2') return
    this.#resyncing = false
    this.#owner.inStep()
  }

  /** Sends what the server lacks. Live edits follow only from here on, as they may build on it. @param {Uint8Array} vector */
  #answer(vector) {
    const { doc, life, saving } = this.#owner
    const ours = Y.encodeStateVector(doc)
    if (life.isUnproven) {
      if (life.proven(vector, ours) === 'replaced') return this.#owner.replaced()
      this.#owner.joined()
    }
    this.#owner.send(frames.stepTwo(Y.encodeStateAsUpdate(doc, vector)))
    this.isAnswered = true
    // Edits that are counted already are part of the answer; beyond them, the server may have lost something.
    if (saving.unsaved === 0 && exceeds(ours, vector)) saving.edited(this.#environment.now())
    this.askSoon()
    this.#owner.counted()
  }
}

/** Whether the owner of `ours` has operations that the owner of `theirs` lacks. @param {Uint8Array} ours @param {Uint8Array} theirs */
function exceeds(ours, theirs) {
  const there = Y.decodeStateVector(theirs)
  return [...Y.decodeStateVector(ours)].some(([client, clock]) => clock > (there.get(client) ?? 0))
}
