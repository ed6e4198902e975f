// One small interface over the six clients: which provider, how it is made, what it calls "synced"
// and "saved". The providers are the published packages, unmodified, except y-sweet's (y-sweet.mjs).
//
// All share one Yjs; two copies of it in a process would break documents in ways that no server
// could be blamed for.

import * as hocuspocus2 from 'hocuspocus-2'
import * as hocuspocus3 from 'hocuspocus-3'
import * as hocuspocus4 from 'hocuspocus-4'
import { WebsocketProvider as YWebsocket1 } from 'y-websocket-1'
import { WebsocketProvider as YWebsocket3 } from 'y-websocket-3'
import * as Y from 'yjs'

import { content } from './documents.mjs'
import { watchedSockets } from './sockets.mjs'
import { until } from './wait.mjs'
import { YSweetProvider } from './y-sweet.mjs'

/** The six families, each `{name, acknowledges, dialect, create}`. */
export const families = [
  yWebsocket('y-websocket 3.1', YWebsocket3),
  yWebsocket('y-websocket 1.5', YWebsocket1),
  hocuspocus('Hocuspocus 4.8', hocuspocus4),
  hocuspocus('Hocuspocus 3.4', hocuspocus3),
  hocuspocus('Hocuspocus 2.15', hocuspocus2),
  {
    name: 'y-sweet',
    dialect: 'path',
    acknowledges: true,
    create: (sockets, base, name, doc) => {
      const url = `${base}/${name}`
      const provider = new YSweetProvider(url, doc, { WebSocketPolyfill: sockets.Socket })
      const saved = () => provider.synced && !provider.hasLocalChanges
      return { provider, saved, synced: () => provider.synced }
    },
  },
]

/** The family whose name begins so. */
export function family(start) {
  return families.find((it) => it.name.startsWith(start))
}

/** A client of a family at a document, closed at the latest when the server's test ends.
 *
 * `at` is a server or what leads to one, `{ws, endings}`; `name` is the document's as the family
 * takes it: where it travels in a path, percent-encoding is up to the caller, as it is for users. */
export function client(kind, at, name, { doc = new Y.Doc(), record = false, options = {}, onSocket } = {}) {
  const watched = watchedSockets({ record, made: onSocket })
  const made = kind.create(watched, at.ws, name, doc, options)
  const { provider } = made
  content(doc)
  provider.awareness.setLocalStateField('user', { name: kind.name })
  let closed = false
  const close = () => {
    if (closed) return
    closed = true
    provider.destroy()
    made.socket?.destroy()
    // It belongs to the document, which stays, and its timer would keep the process.
    provider.awareness.destroy()
    // A provider that is still connecting leaves its socket behind.
    watched.sockets.forEach((socket) => socket.readyState < 2 && socket.close())
  }
  at.endings.push(close)
  return {
    family: kind,
    doc,
    provider,
    awareness: provider.awareness,
    sockets: watched.sockets,
    /** Whether it has everything the server had. */
    synced: made.synced,
    /** Whether everything typed here is stored; undefined where the family cannot know. */
    saved: made.saved,
    /** How many connections it has opened so far. */
    connections: () => watched.sockets.length,
    /** The names of everybody it sees, itself included. */
    sees: () => [...provider.awareness.getStates().values()].map((it) => it.user?.name).sort(),
    disconnect: () => (made.socket ?? provider).disconnect(),
    connect: () => (made.socket ?? provider).connect(),
    close,
  }
}

/** One client of each family at a document, synced. */
export async function oneOfEach(at, name, options) {
  const all = families.map((kind) => client(kind, at, name, options))
  await allSynced(all)
  return all
}

/** Waits until every client is synced. */
export function allSynced(clients, ms) {
  return until('every client is synced', () => clients.every((it) => it.synced()), {
    ms,
    state: () => clients.filter((it) => !it.synced()).map((it) => it.family.name),
  })
}

/** Closes them all and waits until their sockets are gone. */
export async function closeAll(clients) {
  clients.forEach((it) => it.close())
  const sockets = clients.flatMap((it) => it.sockets)
  await until('the sockets are closed', () => sockets.every((it) => it.readyState === 3))
}

function yWebsocket(name, Provider) {
  const create = (sockets, base, document, doc, options) => {
    const provider = new Provider(base, document, doc, {
      WebSocketPolyfill: sockets.Socket,
      // Clients in one process would otherwise sync past the server.
      disableBc: true,
      ...options,
    })
    return { provider, synced: () => provider.synced, saved: () => undefined }
  }
  return { name, dialect: 'path', acknowledges: false, create }
}

function hocuspocus(name, version) {
  const create = (sockets, base, document, doc, options) => {
    const socket = hocuspocusSocket(version, base, sockets)
    const provider = hocuspocusProvider(version, socket, document, { document: doc, ...options })
    const synced = () => provider.isSynced
    return { provider, socket, synced, saved: () => synced() && provider.unsyncedChanges === 0 }
  }
  return { name, dialect: 'address', acknowledges: true, create }
}

/** A socket of a version of the package, for one or more providers. */
export function hocuspocusSocket(version, url, sockets) {
  const retries = { delay: 200, minDelay: 100, maxDelay: 1000 }
  const options = { url, WebSocketPolyfill: sockets.Socket, ...retries }
  return new version.HocuspocusProviderWebsocket(options)
}

/** A document on such a socket. */
export function hocuspocusProvider(version, socket, name, options = {}) {
  // `broadcast` is version 2's way past the server, for clients in one process.
  const all = { websocketProvider: socket, name, token: '', broadcast: false, ...options }
  const provider = new version.HocuspocusProvider(all)
  // Version 2 attaches by itself.
  if ('isAttached' in provider) provider.attach()
  return provider
}
