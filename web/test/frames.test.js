// The wire format, against bytes that other Yjs programs wrote.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as frames from '../src/sync/frames.js'
import { encoding } from '../vendor/core.js'

const bytes = (/** @type {string} */ hex) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const hex = (/** @type {Uint8Array} */ data) => Buffer.from(data).toString('hex')

test('frames are those of y-websocket and y-sweet', () => {
  assert.equal(hex(frames.stepOne(bytes('00'))), '00000100')
  assert.equal(hex(frames.stepTwo(bytes('0000'))), '0001020000')
  assert.equal(hex(frames.change(bytes('01010101840100014200'))), '00020a01010101840100014200')
  assert.equal(hex(frames.presence(bytes('010101046e756c6c'))), '0108010101046e756c6c')
  assert.equal(hex(frames.barrier(300)), '6602ac02')
})

test('what is written is read again', () => {
  const data = bytes('010203')
  assert.deepEqual(frames.decode(frames.stepOne(data)), { type: 'step-1', vector: data })
  assert.deepEqual(frames.decode(frames.stepTwo(data)), { type: 'step-2', update: data })
  assert.deepEqual(frames.decode(frames.change(data)), { type: 'update', update: data })
  assert.deepEqual(frames.decode(frames.presence(data)), { type: 'awareness', update: data })
  for (const count of [0, 127, 128, 2 ** 40]) assert.deepEqual(frames.decode(frames.barrier(count)), { type: 'barrier', count })
})

test('a hello names the epoch, or says that the document has none yet', () => {
  const said = (/** @type {string} */ json) => {
    const message = frames.decode(hello(json))
    assert.ok(message.type === 'hello')
    return message.hello
  }
  assert.deepEqual(said('{"epoch":"e1","access":"view","open":true,"asked":2,"app":3,"largest":4096,"more":1}'), { epoch: 'e1', access: 'view', open: true, asked: true, app: 3, largest: 4096, renamed: null })
  assert.deepEqual(said('{"epoch":null}'), { epoch: null, access: 'edit', open: false, asked: false, app: 0, largest: Infinity, renamed: null })
  assert.deepEqual(said('{"epoch":7,"access":"all","app":"9","largest":-1}'), said('{}'))
  assert.deepEqual(said('null'), said('{}'))
  assert.equal(said('{"renamed":"b"}').renamed, 'b')
  assert.deepEqual([said('{"renamed":""}').renamed, said('{"renamed":5}').renamed], [null, null])
})

test('unknown messages and trailing bytes are ignored, frames that end early are refused', () => {
  assert.deepEqual(frames.decode(bytes('63 00')), { type: 'unknown' })
  assert.deepEqual(frames.decode(bytes('00 07 00')), { type: 'unknown' })
  assert.deepEqual(frames.decode(bytes('03 ff')), { type: 'query-awareness' })
  assert.deepEqual(frames.decode(bytes('00 01 02 00 00 ff')), { type: 'step-2', update: bytes('0000') })
  assert.throws(() => frames.decode(bytes('00 01 09 00')))
  assert.throws(() => frames.decode(bytes('')))
  assert.throws(() => frames.decode(hello('{')))
})

/** @param {string} json */
function hello(json) {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 120)
  encoding.writeVarString(encoder, json)
  return encoding.toUint8Array(encoder)
}
