// The core of our own pages, as it is, in the shape of `client` in clients.mjs. It brings a Yjs of
// its own: its document must never be given to the other one, only what it encodes.

import WebSocket from 'ws'

import { Provider } from '../../../web/src/sync/provider.js'
import { environmentWith } from '../../../web/src/sync/socket.js'
import { Y } from '../../../web/vendor/core.js'
import { load } from './documents.mjs'

/** A page of ours at a document, without its editor and its copy on the device. */
export function webClient(at, name) {
  const sockets = []
  const environment = environmentWith((url) => {
    const socket = new WebSocket(url)
    sockets.push(socket)
    return socket
  })
  const doc = new Y.Doc()
  const provider = new Provider({ server: at.ws.replace(/\/ws$/, ''), name, doc, environment })
  provider.connect()
  const close = () => {
    provider.destroy()
    sockets.forEach((socket) => socket.readyState < 2 && socket.terminate())
  }
  at.endings.push(close)
  const inStep = () => provider.facts.loaded && provider.facts.lostAt === null
  return {
    family: { name: 'our pages', acknowledges: true },
    /** Only to be written to; `copy` is for looking at. */
    doc,
    copy: () => load(Y.encodeStateAsUpdate(doc)),
    sockets,
    synced: inStep,
    saved: () => inStep() && provider.facts.unsaved === 0,
    state: () => provider.facts,
    close,
  }
}
