// Keeps one Yjs document in step with the server and with its copy on this device, and knows what of it the server
// has on disk. No DOM. Wire: y-websocket at /ws/{document}, message 102 to learn what is durable, 120 for the epoch.
import { awareness as protocol } from '../../vendor/core.js'
import { Changes, contained } from './changes.js'
import { Exchange } from './exchange.js'
import * as frames from './frames.js'
import { Health } from './health.js'
import { Life, isEmpty } from './life.js'
import { Presence } from './presence.js'
import { Saving } from './saving.js'
import { Socket, browser } from './socket.js'
import { Token } from './token.js'
import { SWITCHES } from './ways.js'

/** One document's connection to the server. */
export class Provider {
  /** Settles when there is something to show: the copy of this device, or the server's document. @type {Promise<void>} */
  whenLoaded
  #session = Array.from(crypto.getRandomValues(new Uint8Array(9)), byte => byte.toString(36).padStart(2, '0')).join('')
  #saving = new Saving(this.#session)
  #life = new Life()
  /** The document began here. */
  #begun = false
  #told = { access: /** @type {frames.Hello['access']} */ ('edit'), open: false, knocks: 0 }
  /** @type {import('./offline_copy.js').OfflineCopy | null} */
  #copy = null
  #isConnecting = false
  /** What the server calls the document now; we follow when it hangs up. @type {string | null} */
  #renamed = null
  #isDestroyed = false
  #changes = new Changes()
  #health
  #exchange
  #presence
  #token
  #socket
  #app
  #server
  #environment

  /** @param {import('./options.js').ProviderOptions} options */
  constructor({ server, name, doc, awareness = new protocol.Awareness(doc), token = null, store = null, app = Infinity, environment = browser }) {
    this.doc = doc
    this.name = name
    this.#server = server
    this.awareness = awareness
    this.#app = app
    this.#environment = environment
    this.#health = new Health(environment.now())
    this.#token = new Token(token, () => this.#socket.reconnect('a new token'), environment)
    this.#socket = new Socket(
      {
        url: () => this.#url(),
        opened: () => this.#opened(),
        received: bytes => this.#received(bytes),
        closed: (code, reason) => this.#closed(code, reason),
        waits: this.#changed,
      },
      environment,
    )
    this.#exchange = new Exchange(
      {
        doc,
        saving: this.#saving,
        life: this.#life,
        origin: this,
        send: frame => this.#socket.send(frame),
        reconnect: reason => this.#socket.reconnect(reason),
        inStep: () => this.#inStep(),
        replaced: () => this.#halt('replaced'),
        counted: () => (this.#copy?.touched(), this.#changed()),
        joined: () => this.#copy?.settled(),
      },
      environment,
    )
    this.#presence = new Presence(awareness, states => (this.#socket.send(frames.presence(states)), this.#copy?.presence(states)), environment)
    if (!isEmpty(doc)) this.#saving.edited(environment.now())
    doc.on('update', this.#onUpdate)
    if (store) this.#openCopy(store)
    this.whenLoaded = this.#changes.until(() => this.#health.loaded || this.facts.copied)
  }

  /** @returns {import('./facts.js').Facts} */
  get facts() {
    const { stop, reason, loaded, startedAt, lostAt, failures, restarting, slowed } = this.#health
    const { unsaved, unsavedSince, savedAt } = this.#saving
    const { access, open: isOpen, knocks } = this.#told
    const { storage = 'none', unstored = unsaved } = this.#copy ?? {}
    const copied = this.#begun || (this.#copy?.hasContent ?? false)
    const connection = { stop, reason, loaded, copied, startedAt, lostAt, failures, nextTry: this.#socket.nextTry, restarting, slowed }
    return { ...connection, access, isOpen, knocks, canEdit: access === 'edit' || access === 'owner', unsaved, unsavedSince, savedAt, storage, unstored }
  }

  /** Bytes of one change that the server takes; what it takes by default until it has said so. */
  get largest() {
    return this.#exchange.largest < Infinity ? this.#exchange.largest : 4 << 20
  }

  /** Calls a listener whenever `facts` may have changed; returns how to stop that. @param {() => void} listener */
  subscribe = listener => this.#changes.subscribe(listener)

  /** Connects, or tries at once if it was waiting to. Waits for the copy of this device first. Does nothing after a stop. */
  connect() {
    if (this.#health.stop || this.#isDestroyed) return
    this.#isConnecting = true
    if (this.#copy?.storage !== 'opening') this.#socket.connect()
  }

  /** Hangs up until `connect`. */
  disconnect() {
    this.#isConnecting = false
    this.#token.stop()
    if (!this.#socket.isActive) return
    this.#socket.stop()
    this.#closed(1000, '')
  }

  /** Tries again after a stop, as when somebody signed in or made room. */
  resume() {
    this.#health.resume()
    this.connect()
    this.#changed()
  }

  /** The network or the machine may have changed: try at once, or find out whether the connection still lives. */
  probe() {
    if (!this.#isConnecting) return
    this.connect()
    if (!this.#exchange.isAnswered) return
    this.#exchange.ask()
    this.#socket.expectAnswer()
  }

  /** A new document begins here, without asking the server first. */
  begin() {
    this.#begun = true
    this.#changed()
  }

  /** Others' edits wait until `release`, or for a while: an input method is composing text. */
  hold() {
    this.#exchange.hold()
  }

  /** Ends `hold`. */
  release() {
    this.#exchange.release()
  }

  /** Resolves when all edits made until now are on the server's disk. Fails when that cannot happen any more. */
  async whenSaved() {
    if (this.#copy) await this.#copy.whenLoaded
    const goal = this.#saving.goal()
    await this.#changes.until(() => {
      const { stop, reason } = this.#health
      if (this.#saving.covers(goal)) return true
      if (stop || this.#isDestroyed) throw new Error(`the edits cannot be saved: ${reason || stop || 'the provider was destroyed'}`)
      return false
    })
  }

  /** Stores what waits to be stored on this device; for a page that is about to end. */
  flush() {
    return this.#copy?.flush() ?? Promise.resolve()
  }

  /** Gives the copy of this device up, with edits that were not sent. */
  async dropCopy() {
    this.#halt(this.#health.stop ?? 'replaced')
    await this.#copy?.drop()
  }

  /** Ends everything but the document. */
  destroy() {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    this.#exchange.stop()
    this.doc.off('update', this.#onUpdate)
    this.#presence.destroy()
    this.awareness.destroy()
    this.#token.stop()
    this.#socket.stop()
    this.#copy?.close()
    this.#changes.end()
  }

  /** @param {import('./offline_store.js').OfflineStore} store */
  #openCopy(store) {
    this.#copy = store.open(this.name, {
      doc: this.doc,
      life: this.#life,
      saving: this.#saving,
      session: this.#session,
      changed: this.#changed,
      presence: message => (message.kind === 'who' ? this.#presence.asked() : this.#presence.heardNearby(message.client, message.states)),
      dropped: () => this.#halt('replaced'),
      late: () => (this.#health.stop === 'missing' ? this.resume() : this.#socket.reconnect('the copy on this device came late')),
    })
    this.#copy.whenLoaded.then(() => this.#isConnecting && this.connect())
  }

  /** @returns {string | Promise<string>} */
  #url() {
    const { epoch } = this.#life
    const known = `${this.#server}/ws/${encodeURIComponent(this.name)}?coscribe=1${epoch === null ? '' : `&epoch=${encodeURIComponent(epoch)}`}`
    const query = this.#token.query()
    return query instanceof Promise ? query.then(more => known + more) : known + query
  }

  #opened() {
    this.#health.answered()
    this.#exchange.opened()
    this.#presence.asked()
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
        return this.#presence.heard(message.update)
      case 'query-awareness':
        return this.#presence.asked()
      case 'barrier':
        this.#exchange.confirmed(message.count)
        return this.#changed()
      case 'hello':
        return this.#greeted(message.hello)
      case 'unknown':
        return undefined
      default:
        this.#exchange.received(message)
    }
  }

  /** @param {frames.Hello} hello */
  #greeted(hello) {
    if (hello.renamed !== null && hello.renamed !== this.name) return void (this.#renamed = hello.renamed)
    this.#told = { access: hello.access, open: hello.open, knocks: this.#told.knocks + Number(hello.asked) }
    if (hello.app > this.#app) return this.#halt('outdated')
    this.#exchange.greeted(hello)
    this.#changed()
  }

  #inStep() {
    this.#health.inStep()
    this.#token.accepted()
    this.#socket.settled()
    this.#changed()
  }

  #onUpdate = contained((/** @type {Uint8Array} */ update, /** @type {unknown} */ origin) => {
    if (origin === this) {
      this.#copy?.received(update)
      return this.#exchange.isCompleting ? this.#exchange.changed(update) : undefined
    }
    // The copy has counted already what it brings.
    if (this.#copy === null || origin !== this.#copy) {
      this.#saving.edited(this.#environment.now())
      this.#copy?.edited(update)
    }
    this.#exchange.changed(update)
    this.#changed()
    // A handshake finds out what was not sent.
  }, () => this.#socket.reconnect('an edit was not passed on'))

  /** @param {number} code @param {string} reason @returns {import('./socket.js').Verdict} */
  #closed(code, reason) {
    this.#exchange.closed()
    if (code === SWITCHES) return 'now'
    this.#presence.disconnected()
    if (code === 4401 && this.#token.refused()) return 'now'
    if (code === 4404 && this.#renamed !== null) {
      this.name = this.#renamed
      this.#renamed = null
      void this.#copy?.moveTo(this.name)
      code = 1000
    }
    const verdict = this.#health.closed(code, reason, this.#environment.now())
    this.#changed()
    return verdict
  }

  #halt(/** @type {import('./health.js').Stop} */ stop) {
    this.#health.halt(stop, '')
    this.#exchange.closed()
    this.#socket.stop()
    this.#changed()
  }

  #changed = () => this.#changes.tell()
}
