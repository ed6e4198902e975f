// Keeps one Yjs document in step with the server, and knows what of it the server has on disk. No DOM.
// Wire: y-websocket at /ws/{document}, message 102 to learn what is durable, message 120 for the epoch.
import { Y, awareness as protocol } from '../../vendor/core.js'
import * as frames from './frames.js'
import { PresenceSender } from './presence_sender.js'
import { Saving } from './saving.js'
import { Socket, browser } from './socket.js'

/** Time between a local edit and the question whether it is on disk, in ms; edits within it share one. */
const ASK_AFTER = 80
/** A composition (IME) holds back others' edits at most this long in ms, and at most this many of them. */
const HOLD_LONGEST = 3000
const HOLD_MOST = 200

/** Why no attempt is made any more. @typedef {'denied' | 'sign-in' | 'missing' | 'replaced' | 'too-large' | 'refused'} Stop */

/** Close codes that a retry cannot fix. @type {Record<number, Stop | undefined>} */
const STOPS = { 4400: 'refused', 4401: 'sign-in', 4403: 'denied', 4404: 'missing', 4409: 'replaced', 4413: 'too-large' }

/**
 * Everything the status of a document is computed from. Times are ms of `Environment.now`.
 * @typedef {object} Facts
 * @property {Stop | null} stop
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
  /** @type {Stop | null} */
  #stop = null
  #reason = ''
  #loaded = false
  /** @type {number | null} */
  #lostAt
  #startedAt
  #failures = 0
  #restarting = false
  /** The life of the document that this page's content belongs to. @type {string | null} */
  #epoch = null
  /** Our side of the handshake is done: the server has, or will be sent, all we have. */
  #answered = false
  /** One failed merge is answered by asking for everything again, a second one by a new connection. */
  #resyncing = false
  /** Sync messages that wait for a composition to end; null when none is under way. @type {frames.Message[] | null} */
  #held = null
  /** @type {import('./socket.js').Timer | undefined} */
  #holdTimer
  /** @type {import('./socket.js').Timer | undefined} */
  #askTimer
  /** @type {Set<() => void>} */
  #listeners = new Set()
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
    this.#startedAt = this.#lostAt = environment.now()
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
    doc.on('update', (update, origin) => origin === this || this.#edited(update))
    this.awareness.on('update', (/** @type {unknown} */ _change, /** @type {unknown} */ origin) => {
      if (origin === 'local') this.#presence.changed()
    })
  }

  /** @returns {Facts} */
  get facts() {
    const { unsaved, unsavedSince, savedAt } = this.#saving
    return {
      stop: this.#stop,
      reason: this.#reason,
      loaded: this.#loaded,
      startedAt: this.#startedAt,
      lostAt: this.#lostAt,
      failures: this.#failures,
      restarting: this.#restarting,
      unsaved,
      unsavedSince,
      savedAt,
    }
  }

  /** Calls `listener` whenever `facts` may have changed; returns how to stop that. @param {() => void} listener */
  subscribe(listener) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Connects, or tries at once if it was waiting to. Does nothing after a stop. */
  connect() {
    if (!this.#stop) this.#socket.connect()
  }

  /** The network or the machine may have changed: try at once, or find out whether the connection still lives. */
  probe() {
    this.connect()
    if (!this.#answered) return
    this.#ask()
    this.#socket.expectAnswer()
  }

  /** Others' edits wait until `release`: an input method is composing text. */
  hold() {
    if (this.#held) return
    this.#held = []
    this.#holdTimer = this.#environment.setTimeout(() => this.release(), HOLD_LONGEST)
  }

  /** Ends `hold`: what waited is merged in one transaction. */
  release() {
    const waiting = this.#held
    if (!waiting) return
    this.#environment.clearTimeout(this.#holdTimer)
    this.#held = null
    this.doc.transact(() => waiting.forEach(message => this.#sync(message)), this)
  }

  /** Ends everything, leaving the document as it is. */
  destroy() {
    this.awareness.destroy()
    this.#presence.stop()
    this.#environment.clearTimeout(this.#askTimer)
    this.#environment.clearTimeout(this.#holdTimer)
    this.#socket.stop()
    this.#listeners.clear()
  }

  #opened() {
    if (!this.#loaded) this.#failures = 0
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
        if (!this.#held) return this.#sync(message)
        this.#held.push(message)
        if (this.#held.length >= HOLD_MOST) this.release()
    }
  }

  /** @param {string | null} epoch */
  #greeted(epoch) {
    if (this.#epoch && epoch !== this.#epoch) {
      this.#halt('replaced', '')
      this.#socket.stop()
    } else {
      this.#epoch = epoch
    }
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
    this.#loaded = true
    this.#lostAt = null
    this.#failures = 0
    this.#restarting = false
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
    this.release()
    this.#answered = false
    this.#resyncing = false
    this.#saving.disconnected()
    this.#presence.stop()
    if (this.#lostAt === null) this.#lostAt = this.#environment.now()
    else this.#failures++
    if (code === 1012) this.#restarting = true
    const others = [...this.awareness.getStates().keys()].filter(id => id !== this.doc.clientID)
    protocol.removeAwarenessStates(this.awareness, others, this)
    const stop = STOPS[code]
    if (stop) this.#halt(stop, reason)
    else this.#changed()
    return stop ? 'stop' : code === 1012 ? 'soon' : 'retry'
  }

  /** @param {Stop} stop @param {string} reason */
  #halt(stop, reason) {
    this.#stop = stop
    this.#reason = reason
    this.#changed()
  }

  #changed() {
    for (const listener of this.#listeners) listener()
  }
}
