// Frames of the y-websocket protocol, with the server's own messages 102 (barrier) and 120 (hello).
// Pure: bytes to values and back. One message per frame; trailing bytes are ignored, as all Yjs clients do.
// Formats: y-protocols (sync 0, awareness 1), y-sweet (102). Knows nothing of sockets or documents.
import { decoding, encoding } from '../../vendor/core.js'

const SYNC = 0
const AWARENESS = 1
const QUERY_AWARENESS = 3
const BARRIER = 102
const HELLO = 120

const STEP_1 = 0
const STEP_2 = 1
const UPDATE = 2

/**
 * What the server says first, and again when it changes.
 * @typedef {object} Hello
 * @property {string | null} epoch the life of the document; null when there is none
 * @property {'none' | 'view' | 'comment' | 'edit' | 'owner'} access
 * @property {boolean} open everybody who reaches the server may do everything
 * @property {boolean} asked somebody asks for access, or no longer: only owners are told
 * @property {number} app the schema number of the server's own pages; 0 when it does not say
 * @property {number} largest bytes of one change it takes; Infinity when it does not say
 * @property {string | null} renamed what the document of this epoch is called now, when that is not what we asked for
 */

/**
 * @typedef {{ type: 'step-1', vector: Uint8Array } | { type: 'step-2', update: Uint8Array }
 *   | { type: 'update', update: Uint8Array } | { type: 'awareness', update: Uint8Array }
 *   | { type: 'query-awareness' } | { type: 'barrier', count: number }
 *   | { type: 'hello', hello: Hello } | { type: 'unknown' }} Message
 */

/** Asks the other side for what a document with this state vector lacks. @param {Uint8Array} vector */
export const stepOne = vector => frame(SYNC, STEP_1, vector)

/** Answers a step 1: everything the other side lacks. @param {Uint8Array} update */
export const stepTwo = update => frame(SYNC, STEP_2, update)

/** One change. @param {Uint8Array} update */
export const change = update => frame(SYNC, UPDATE, update)

/** Presence states, as y-protocols encodes them. @param {Uint8Array} states */
export const presence = states => frame(AWARENESS, null, states)

/**
 * Asks to have `count` sent back once everything sent before it is on disk.
 * @param {number} count
 */
export function barrier(count) {
  const payload = encoding.createEncoder()
  encoding.writeVarUint(payload, count)
  return frame(BARRIER, null, encoding.toUint8Array(payload))
}

/**
 * Reads one frame. Throws when it ends early or its JSON is none.
 * @param {Uint8Array} bytes
 * @returns {Message}
 */
export function decode(bytes) {
  const decoder = decoding.createDecoder(bytes)
  switch (decoding.readVarUint(decoder)) {
    case SYNC:
      return decodeSync(decoder)
    case AWARENESS:
      return { type: 'awareness', update: decoding.readVarUint8Array(decoder) }
    case QUERY_AWARENESS:
      return { type: 'query-awareness' }
    case BARRIER: {
      const payload = decoding.createDecoder(decoding.readVarUint8Array(decoder))
      return { type: 'barrier', count: decoding.readVarUint(payload) }
    }
    case HELLO: {
      return { type: 'hello', hello: readHello(JSON.parse(decoding.readVarString(decoder))) }
    }
    default:
      return { type: 'unknown' }
  }
}

const ACCESS = /** @type {const} */ (['none', 'view', 'comment', 'edit', 'owner'])

/** @param {any} json @returns {Hello} */
function readHello(json) {
  const { epoch, access, open, asked, app, largest, renamed } = json ?? {}
  return {
    epoch: typeof epoch === 'string' ? epoch : null,
    access: ACCESS.includes(access) ? access : 'edit',
    open: open === true,
    asked: Number.isSafeInteger(asked),
    app: Number.isSafeInteger(app) ? app : 0,
    largest: Number.isSafeInteger(largest) && largest > 0 ? largest : Infinity,
    renamed: typeof renamed === 'string' && renamed !== '' ? renamed : null,
  }
}

/**
 * @param {decoding.Decoder} decoder
 * @returns {Message}
 */
function decodeSync(decoder) {
  const kind = decoding.readVarUint(decoder)
  const payload = decoding.readVarUint8Array(decoder)
  if (kind === STEP_1) return { type: 'step-1', vector: payload }
  if (kind === STEP_2) return { type: 'step-2', update: payload }
  if (kind === UPDATE) return { type: 'update', update: payload }
  return { type: 'unknown' }
}

/**
 * @param {number} type
 * @param {number | null} kind
 * @param {Uint8Array} payload
 */
function frame(type, kind, payload) {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, type)
  if (kind !== null) encoding.writeVarUint(encoder, kind)
  encoding.writeVarUint8Array(encoder, payload)
  return encoding.toUint8Array(encoder)
}
