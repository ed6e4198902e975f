// What is unusual on the wire but allowed, and how connections begin and end.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as Y from 'yjs'

import { client, closeAll, families, family, oneOfEach } from './lib/clients.mjs'
import { load } from './lib/documents.mjs'
import { connect, frame, frameThat, refusedWith, step1, update } from './lib/frames.mjs'
import { startServer } from './lib/server.mjs'
import { until } from './lib/wait.mjs'

const isStep2 = (bytes) => bytes[0] === 0 && bytes[1] === 1

/** A document with one word, and a function that appends more and returns that update's frame. */
function writer() {
  const doc = new Y.Doc()
  const text = doc.getText('text')
  return {
    doc,
    write: (words) => {
      let bytes = null
      doc.once('update', (it) => { bytes = it })
      text.insert(text.length, words)
      return frame(0, 2, bytes)
    },
  }
}

test('text, unknown types, trailing bytes and fragments do not end a connection', async (t) => {
  const server = await startServer(t)
  const it = await connect(`${server.ws}/odd`)
  const { doc, write } = writer()
  it.socket.send(step1())
  await frameThat('it is synced', it, isStep2)
  it.socket.send('a text frame')
  it.socket.send(Buffer.alloc(0))
  it.socket.send(frame(77, 'nobody knows this type'))
  it.socket.send(Buffer.concat([write('trailing, '), Buffer.from('rubbish')]))
  // The y-sweet client answers a question for presence with a body that the type does not have.
  it.socket.send(frame(3, new Uint8Array([1, 2, 3])))
  const parts = write('fragmented')
  it.socket.send(parts.slice(0, 1), { fin: false })
  it.socket.send(parts.slice(1, 5), { fin: false })
  it.socket.ping()
  it.socket.send(parts.slice(5), { fin: true })
  const reader = client(family('y-websocket 3'), server, 'odd')
  await until('both edits arrived', () => reader.doc.getText('text').toString() === 'trailing, fragmented', {
    state: () => ({ text: reader.doc.getText('text').toString(), ended: it.ended }),
  })
  assert.equal(it.ended, null)
  assert.equal(doc.getText('text').toString(), reader.doc.getText('text').toString())
  it.socket.terminate()
  await closeAll([reader])
})

test('two messages in one frame never come from the server', async (t) => {
  const server = await startServer(t)
  const clients = await oneOfEach(server, 'single')
  const it = await connect(`${server.ws}/single`)
  it.socket.send(step1())
  await frameThat('it is synced', it, isStep2)
  clients[0].awareness.setLocalStateField('cursor', 1)
  clients[0].doc.getText('text').insert(0, 'x')
  await frameThat('presence came', it, (bytes) => bytes[0] === 1)
  await frameThat('the edit came', it, (bytes) => bytes[0] === 0 && bytes[1] === 2)
  for (const bytes of it.received) {
    const header = bytes[0] === 0 ? 2 : 1
    const doc = new Y.Doc()
    // A length that covers exactly the rest: nothing follows the first message.
    const body = bytes.slice(header)
    const again = frame(...bytes.slice(0, header), stripLength(body))
    assert.deepEqual(Buffer.from(again), Buffer.from(bytes))
    doc.destroy()
  }
  it.socket.terminate()
  await closeAll(clients)
})

function stripLength(body) {
  let size = 1
  while (body[size - 1] & 0x80) size += 1
  return body.slice(size)
}

test('a handshake echoes the subprotocol and negotiates no compression', async (t) => {
  const server = await startServer(t)
  const it = await connect(`${server.ws}/hello`, ['coscribe.token', 'other'], { perMessageDeflate: true })
  assert.equal(it.socket.protocol, 'coscribe.token')
  assert.equal(it.socket.extensions, '')
  it.socket.terminate()
})

test('a page of another site may not connect', async (t) => {
  const server = await startServer(t)
  const evil = await refusedWith(`${server.ws}/hello`, { origin: 'https://evil.example' })
  assert.equal(evil.status, 403)
  assert.match(evil.body, /origin/i)
  const own = await connect(`${server.ws}/hello`, [], { origin: server.http })
  own.socket.terminate()
})

test('a graceful stop tells everybody to come back, and what was typed is durable', async (t) => {
  const server = await startServer(t)
  const clients = await oneOfEach(server, 'stop')
  const counting = clients.filter((it) => it.family.acknowledges)
  clients.forEach((it, index) => it.doc.getArray('array').push([index]))
  const reader = clients[0].doc.getArray('array')
  await until('every edit went round', () => reader.length === families.length)
  const { code, ms } = await server.stop()
  assert.equal(code, 0)
  assert.ok(ms < 10_000, `it took ${ms} ms`)
  for (const it of clients) {
    await until(`${it.family.name} was told`, () => it.sockets[0].ended !== null)
    assert.equal(it.sockets[0].ended.code, 1012, it.family.name)
  }
  const stored = load(await server.export('stop')).getArray('array').toJSON()
  assert.deepEqual([...stored].sort(), families.map((_, index) => index))
  await server.restart()
  await until('everybody is back', () => clients.every((it) => it.synced()))
  await until('everything is saved', () => counting.every((it) => it.saved()))
  t.diagnostic(`stopped in ${ms} ms with ${clients.length} clients connected`)
  await closeAll(clients)
})

test('a message sent just before a graceful stop is in the store once it is acknowledged', async (t) => {
  const server = await startServer(t)
  const it = await connect(`${server.ws}/last`)
  const { doc } = writer()
  doc.getText('text').insert(0, 'last words')
  it.socket.send(step1())
  // Nothing is saved before a client has said what it did while it was away.
  it.socket.send(frame(0, 1, Y.encodeStateAsUpdate(new Y.Doc())))
  it.socket.send(update(doc))
  it.socket.send(frame(102, new Uint8Array([1])))
  await frameThat('the version is echoed', it, (bytes) => bytes[0] === 102)
  assert.equal((await server.stop()).code, 0)
  assert.equal(load(await server.export('last')).getText('text').toString(), 'last words')
})
