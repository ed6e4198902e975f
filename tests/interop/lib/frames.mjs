// Frames written by hand, for what no provider sends: y-websocket's and Hocuspocus' bytes over a
// plain WebSocket. Sources: y-protocols, @hocuspocus/common.

import WebSocket from 'ws'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'

import { until } from './wait.mjs'

/** A WebSocket with the binary frames it `received`; `ended` is {code, reason} once it closed. */
export async function connect(url, protocols, options) {
  const socket = new WebSocket(url, protocols, options)
  const it = { socket, received: [], ended: null }
  socket.on('message', (data) => it.received.push(new Uint8Array(data)))
  socket.on('close', (code, reason) => { it.ended = { code, reason: reason.toString() } })
  await new Promise((done, failed) => {
    socket.on('open', done)
    socket.on('error', failed)
  })
  return it
}

/** Resolves with the first received frame (from `from` on) that `matches`. */
export async function frameThat(what, it, matches, from = 0) {
  const find = () => it.received.slice(from).find(matches)
  await until(what, () => find() !== undefined, { state: () => it.received.map(hex) })
  return find()
}

/** An HTTP status that a refused upgrade was answered with. */
export function refusedWith(url, options) {
  return new Promise((done, failed) => {
    const socket = new WebSocket(url, options)
    socket.on('unexpected-response', (_, response) => {
      let body = ''
      response.on('data', (text) => { body += text })
      response.on('end', () => done({ status: response.statusCode, body }))
    })
    socket.on('open', () => failed(new Error('the upgrade was accepted')))
    socket.on('error', failed)
  })
}

/** Builds a frame from numbers (as varints), strings and byte arrays (both with their length). */
export function frame(...parts) {
  const encoder = encoding.createEncoder()
  for (const part of parts) {
    if (typeof part === 'number') encoding.writeVarUint(encoder, part)
    else if (typeof part === 'string') encoding.writeVarString(encoder, part)
    else encoding.writeVarUint8Array(encoder, part)
  }
  return encoding.toUint8Array(encoder)
}

/** Frames of y-websocket: a question with a document's state vector, an update with all of it. */
export const step1 = (doc = new Y.Doc()) => frame(0, 0, Y.encodeStateVector(doc))
export const update = (doc) => frame(0, 2, Y.encodeStateAsUpdate(doc))

/** Splits a Hocuspocus frame into its address, type and what follows. */
export function addressed(bytes) {
  const decoder = decoding.createDecoder(bytes)
  const address = decoding.readVarString(decoder)
  const type = decoding.readVarUint(decoder)
  return { address, type, rest: decoding.readTailAsUint8Array(decoder) }
}

/** Bytes as text, for messages of failing tests. */
export function hex(bytes) {
  return Buffer.from(bytes.slice(0, 40)).toString('hex')
}
