// An app that uses y-sweet's published packages, unmodified: its server holds a key and a connection
// string, its pages get client tokens from it. Knows the SDK and the client; knows no wire format.

import { createHash } from 'node:crypto'

import { DocumentManager } from '@y-sweet/sdk'
import WebSocket from 'ws'
import * as Y from 'yjs'

import { until } from './wait.mjs'

/** The bytes 0 to 29, as `y-sweet gen-auth` would print them. */
export const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd'

/** What a y-sweet server with that key issued for the app's server. */
export const SERVER_TOKEN = serverToken(KEY)

/** What the app is configured with. */
export function connectionString(server, token) {
  return `ys://${token ? `${encodeURIComponent(token)}@` : ''}${server.host}/y-sweet`
}

export function manager(server, token) {
  return new DocumentManager(connectionString(server, token))
}

/** A page of the app at a document. `tokens` counts how often it asked for one. */
export async function page(at, manager, name, { wish, options = {}, doc = new Y.Doc() } = {}) {
  const { createYjsProvider } = await import('@y-sweet/client')
  const { Socket, sockets, end } = mortalSockets()
  const it = { doc, sockets, tokens: 0, statuses: [] }
  const endpoint = async () => {
    it.tokens += 1
    return manager.getOrCreateDocAndToken(name, typeof wish === 'function' ? wish(it.tokens) : wish)
  }
  it.provider = createYjsProvider(doc, name, endpoint, {
    WebSocketPolyfill: Socket,
    showDebuggerLink: false,
    ...options,
  })
  it.provider.on('connection-status', (status) => it.statuses.push(status))
  it.text = doc.getText('text')
  it.saved = () => it.provider.status === 'connected' && !it.provider.hasLocalChanges
  it.connected = () => until('the page is connected', () => it.provider.status === 'connected', {
    state: () => it.statuses,
  })
  it.close = () => {
    end()
    it.provider.destroy()
    it.provider.awareness.destroy()
  }
  at.endings.push(() => it.close())
  return it
}

/** WebSockets that can be ended for good: the provider connects again whatever one does, also after
 * `destroy()`, and would keep the process. */
export function mortalSockets() {
  const sockets = []
  let ended = false
  class Socket extends WebSocket {
    constructor(url) {
      if (ended) return { close() {}, readyState: 3 }
      super(url)
      this.frames = 0
      this.on('message', () => { this.frames += 1 })
      this.on('error', () => {})
      sockets.push(this)
    }
  }
  const end = () => {
    ended = true
    for (const socket of sockets) {
      socket.onclose = socket.onerror = null
      socket.on('error', () => {})
      socket.terminate()
    }
  }
  return { Socket, sockets, end }
}

/** A server token as y-sweet makes it: "server, without end", and the hash of that with the key. */
function serverToken(key) {
  const said = Buffer.from([0, 0])
  const hash = createHash('sha256').update(said).update(Buffer.from(key, 'base64url')).digest()
  return Buffer.concat([said, Buffer.from([hash.length]), hash]).toString('base64url')
}
