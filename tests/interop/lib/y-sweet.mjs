// A provider that behaves on the wire like the y-sweet client 0.9.1: y-websocket's frames plus
// type 102, whose echo says which local version the server has.
//
// What matters to a server is copied: version counter, probe after 2 s of silence, hang-up 3 s
// after an unanswered probe, echo of received awareness, and a type 3 reply with a body that the
// protocol does not have. The API of the original and its way to get tokens are not.

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as awarenessProtocol from 'y-protocols/awareness'
import * as syncProtocol from 'y-protocols/sync'

const [SYNC, AWARENESS, QUERY_AWARENESS, VERSION] = [0, 1, 3, 102]
const PROBE_AFTER = 2000
const HANG_UP_AFTER = 3000
const RETRY_AFTER = 500

/** Connects `doc` at `url` (the document's name included) and reconnects until `destroy()`. */
export class YSweetProvider {
  constructor(url, doc, { WebSocketPolyfill }) {
    Object.assign(this, { url, doc, WebSocketPolyfill })
    this.awareness = new awarenessProtocol.Awareness(doc)
    this.synced = false
    this.localVersion = 0
    this.ackedVersion = -1
    this.wanted = true
    this.onUpdate = (update, origin) => {
      if (origin === this) return
      this.localVersion += 1
      this.send(SYNC, (encoder) => syncProtocol.writeUpdate(encoder, update))
      this.sendVersion()
    }
    // The original has no check of the origin here: it sends back what it receives.
    this.onAwareness = ({ added, updated, removed }) =>
      this.sendAwareness([...added, ...updated, ...removed])
    doc.on('update', this.onUpdate)
    this.awareness.on('update', this.onAwareness)
    this.connect()
  }

  /** Whether something is not known to be stored. */
  get hasLocalChanges() {
    return this.ackedVersion !== this.localVersion
  }

  connect() {
    this.wanted = true
    const socket = new this.WebSocketPolyfill(this.url)
    this.socket = socket
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => this.open()
    socket.onmessage = (event) => this.receive(new Uint8Array(event.data))
    socket.onerror = () => {}
    socket.onclose = () => {
      clearTimeout(this.timer)
      if (this.socket !== socket) return
      this.synced = false
      this.echoed = false
      const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.doc.clientID)
      awarenessProtocol.removeAwarenessStates(this.awareness, others, this)
      if (this.wanted) this.timer = setTimeout(() => this.connect(), RETRY_AFTER)
    }
  }

  disconnect() {
    this.wanted = false
    clearTimeout(this.timer)
    this.socket.close()
  }

  destroy() {
    awarenessProtocol.removeAwarenessStates(this.awareness, [this.doc.clientID], 'window unload')
    this.doc.off('update', this.onUpdate)
    this.awareness.off('update', this.onAwareness)
    this.awareness.destroy()
    this.disconnect()
  }

  open() {
    this.send(SYNC, (encoder) => syncProtocol.writeSyncStep1(encoder, this.doc))
    this.sendVersion()
    if (this.awareness.getLocalState() !== null) this.sendAwareness([this.doc.clientID])
    this.listen()
  }

  receive(frame) {
    this.listen()
    const decoder = decoding.createDecoder(frame)
    const type = decoding.readVarUint(decoder)
    if (type === SYNC) {
      const answer = encoding.createEncoder()
      encoding.writeVarUint(answer, SYNC)
      const kind = syncProtocol.readSyncMessage(decoder, answer, this.doc, this)
      if (kind === syncProtocol.messageYjsSyncStep2) this.synced = true
      if (encoding.length(answer) > 1) this.sendFrame(answer)
    } else if (type === AWARENESS) {
      const update = decoding.readVarUint8Array(decoder)
      awarenessProtocol.applyAwarenessUpdate(this.awareness, update, this)
    } else if (type === QUERY_AWARENESS) {
      this.send(QUERY_AWARENESS, (encoder) =>
        encoding.writeVarUint8Array(encoder, this.presence([...this.awareness.getStates().keys()])))
    } else if (type === VERSION) {
      this.echoed = true
      const body = decoding.createDecoder(decoding.readVarUint8Array(decoder))
      this.ackedVersion = Math.max(this.ackedVersion, decoding.readVarUint(body))
    }
  }

  /** Starts the watchdog afresh: silence is probed, and an unanswered probe ends the connection. */
  listen() {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.sendVersion()
      if (this.echoed) this.timer = setTimeout(() => this.socket.close(), HANG_UP_AFTER)
    }, PROBE_AFTER)
  }

  sendVersion() {
    const body = encoding.createEncoder()
    encoding.writeVarUint(body, this.localVersion)
    this.send(VERSION, (encoder) => encoding.writeVarUint8Array(encoder, encoding.toUint8Array(body)))
  }

  sendAwareness(clients) {
    this.send(AWARENESS, (encoder) => encoding.writeVarUint8Array(encoder, this.presence(clients)))
  }

  presence(clients) {
    return awarenessProtocol.encodeAwarenessUpdate(this.awareness, clients)
  }

  send(type, write) {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, type)
    write(encoder)
    this.sendFrame(encoder)
  }

  sendFrame(encoder) {
    if (this.socket?.readyState === 1) this.socket.send(encoding.toUint8Array(encoder))
  }
}
