// Keeps one Yjs document in step with the server, and knows what of it the server has on disk. No DOM.
// Wire: y-websocket at /ws/{document}, message 102 to learn what is durable, message 120 for the epoch.
import { Y, awareness as protocol } from '../../vendor/core.js'
import * as frames from './frames.js'
import { Health } from './health.js'
import { Hold } from './hold.js'
import { PresenceSender } from './presence_sender.js'
import { Saving } from './saving.js'
import { Socket, browser } from './socket.js'

/** Time between a local edit and the question whether it is on disk, in ms; edits within it share one. */
const ASK_AFTER = 80

/**
 * Everything the status of a document is computed from. Times are ms of `Environment.now`.
 * @typedef {object} Facts
 * @property {import('./health.js').Stop | null} stop
 * @property {string} reason the server's words on `stop`
 * @property {boolean} loaded the document was here completely once
 * @property {number} startedAt
 * @property {number | null} lostAt since when page and server are not in step; null when they are
 * @property {number} failures attempts that failed since then
 * @property {boolean} restarting the server said it will be back
 * @property {number} unsaved edits the server has not confirmed
 * @property {number | null} unsavedSince
 * @property {number | null} savedAt
 */

/** One document's connection to the server. */
export class Provider {
  #saving = new Saving()
  /** The life of the document that this page's content belongs to. @type {string | null} */
  #epoch = null
  /** Our side of the handshake is done: the server has, or will be sent, all we have. */
  #answered = false
  /** One failed merge is answered by asking for everything again, a second one by a new connection. */
  #resyncing = false
  /** @type {import('./socket.js').Timer | undefined} */
  #askTimer
  /** @type {Set<() => void>} */
  #listeners = new Set()
  #onUpdate = (/** @type {Uint8Array} */ update, /** @type {unknown} */ origin) => {
    if (origin !== this) this.#edited(update)
  }
  #health
  #hold
  #presence
  #socket
  #environment

  /**
   * @param {object} options
   * @param {string} options.server such as `wss://host`
   * @param {string} options.name the document's
   * @param {Y.Doc} options.doc
   * @param {import('./socket.js').Environment} [options.environment]
   */
  constructor({ server, name, doc, environment = browser }) {
    this.doc = doc
    this.name = name
    this.awareness = new protocol.Awareness(doc)
    this.#environment = environment
    this.#health = new Health(environment.now())
    this.#hold = new Hold((/** @type {frames.Message[]} */ messages) => this.#syncAll(messages), environment)
    const address = `${server}/ws/${encodeURIComponent(name)}?coscribe=1`
    this.#socket = new Socket(
      {
        url: () => (this.#epoch ? `${address}&epoch=${encodeURIComponent(this.#epoch)}` : address),
        opened: () => this.#opened(),
        received: bytes => this.#received(bytes),
        closed: (code, reason) => this.#closed(code, reason),
      },
      environment,
    )
    this.#presence = new PresenceSender(this.awareness, states => this.#socket.send(frames.presence(states)), environment)
    doc.on('update', this.#onUpdate)
    this.awareness.on('update', (/** @type {unknown} */ _change, /** @type {unknown} */ origin) => {
      if (origin === 'local') this.#presence.changed()
    })
  }

  /** @returns {Facts} */
  get facts() {
    const { stop, reason, loaded, startedAt, lostAt, failures, restarting } = this.#health
    const { unsaved, unsavedSince, savedAt } = this.#saving
    return { stop, reason, loaded, startedAt, lostAt, failures, restarting, unsaved, unsavedSince, savedAt }
  }

  /** Calls `listener` whenever `facts` may have changed; returns how to stop that. @param {() => void} listener */
  subscribe(listener) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Connects, or tries at once if it was waiting to. Does nothing after a stop. */
  connect() {
    if (!this.#health.stop) this.#socket.connect()
  }

  /** The network or the machine may have changed: try at once, or find out whether the connection still lives. */
  probe() {
    this.connect()
    if (!this.#answered) return
    this.#ask()
    this.#socket.expectAnswer()
  }

  /** Others' edits wait until `release`, or for a while: an input method is composing text. */
  hold() {
    this.#hold.hold()
  }

  /** Ends `hold`: what waited is merged in one transaction. */
  release() {
    this.#hold.release()
  }

  /** Ends everything, leaving the document as it is. */
  destroy() {
    this.#hold.release()
    this.doc.off('update', this.#onUpdate)
    this.awareness.destroy()
    this.#presence.stop()
    this.#environment.clearTimeout(this.#askTimer)
    this.#socket.stop()
    this.#listeners.clear()
  }

  #opened() {
    this.#health.answered()
    this.#socket.send(frames.stepOne(Y.encodeStateVector(this.doc)))
    if (this.awareness.getLocalState()) this.#presence.now()
    this.#changed()
  }

  /** @param {Uint8Array} bytes */
  #received(bytes) {
    let message
    try {
      message = frames.decode(bytes)
    } catch (error) {
      console.error('a frame from the server cannot be read', error)
      return this.#socket.reconnect('unreadable frame')
    }
    switch (message.type) {
      case 'awareness':
        return protocol.applyAwarenessUpdate(this.awareness, message.update, this)
      case 'query-awareness':
        return this.awareness.getLocalState() ? this.#presence.now() : undefined
      case 'barrier':
        this.#saving.confirmed(message.count, this.#environment.now())
        return this.#changed()
      case 'hello':
        return this.#greeted(message.epoch)
      case 'unknown':
        return undefined
      default:
        this.#hold.push(message)
    }
  }

  /** @param {string | null} epoch */
  #greeted(epoch) {
    if (this.#epoch && epoch !== this.#epoch) {
      this.#health.halt('replaced', '')
      this.#socket.stop()
      this.#changed()
    } else {
      this.#epoch = epoch
    }
  }

  /** Several become one change to whoever observes the document. @param {frames.Message[]} messages */
  #syncAll(messages) {
    if (messages.length === 1) this.#sync(messages[0])
    else this.doc.transact(() => messages.forEach(message => this.#sync(message)), this)
  }

  /** @param {frames.Message} message */
  #sync(message) {
    if (message.type === 'step-1') return this.#answer(message.vector)
    if (message.type !== 'step-2' && message.type !== 'update') return
    try {
      Y.applyUpdate(this.doc, message.update, this)
    } catch (error) {
      console.error('an update from the server cannot be merged', error)
      if (this.#resyncing) return this.#socket.reconnect('update cannot be merged')
      this.#resyncing = true
      this.#socket.send(frames.stepOne(Y.encodeStateVector(this.doc)))
      return
    }
    if (message.type !== 'step-2') return
    this.#resyncing = false
    this.#health.inStep()
    this.#socket.settled()
    this.#changed()
  }

  /** Sends what the server lacks. Live edits follow only from here on, as they may build on it. @param {Uint8Array} vector */
  #answer(vector) {
    this.#socket.send(frames.stepTwo(Y.encodeStateAsUpdate(this.doc, vector)))
    this.#answered = true
    // Edits that are counted already are part of the answer; beyond them, the server may have lost something.
    if (this.#saving.unsaved === 0 && this.#exceeds(vector)) this.#saving.edited(this.#environment.now())
    this.#askSoon()
    this.#changed()
  }

  /** Whether the document holds operations that the owner of this state vector lacks. @param {Uint8Array} vector */
  #exceeds(vector) {
    const theirs = Y.decodeStateVector(vector)
    const ours = Y.decodeStateVector(Y.encodeStateVector(this.doc))
    return [...ours].some(([client, clock]) => clock > (theirs.get(client) ?? 0))
  }

  /** @param {Uint8Array} update */
  #edited(update) {
    this.#saving.edited(this.#environment.now())
    if (this.#answered) this.#socket.send(frames.change(update))
    this.#askSoon()
    this.#changed()
  }

  #askSoon() {
    this.#askTimer ??= this.#environment.setTimeout(() => {
      this.#askTimer = undefined
      if (this.#answered && this.#saving.shouldAsk) this.#ask()
    }, ASK_AFTER)
  }

  /** Never before our side of the handshake: the answer would cover only what was sent on this connection. */
  #ask() {
    this.#socket.send(frames.barrier(this.#saving.ask(this.#environment.now())))
  }

  /** @param {number} code @param {string} reason @returns {'retry' | 'soon' | 'stop'} */
  #closed(code, reason) {
    this.#hold.release()
    this.#answered = false
    this.#resyncing = false
    this.#saving.disconnected()
    this.#presence.stop()
    const others = [...this.awareness.getStates().keys()].filter(id => id !== this.doc.clientID)
    protocol.removeAwarenessStates(this.awareness, others, this)
    const verdict = this.#health.closed(code, reason, this.#environment.now())
    this.#changed()
    return verdict
  }

  #changed() {
    for (const listener of this.#listeners) listener()
  }
}
