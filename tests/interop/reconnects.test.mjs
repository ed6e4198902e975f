// Reading costs nothing: connecting again and again leaves no trace in the store.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as Y from 'yjs'

import { allSynced, client, closeAll, families, oneOfEach } from './lib/clients.mjs'
import { allEqual, assertEqual, content, randomEdit } from './lib/documents.mjs'
import { seeded } from './lib/random.mjs'
import { startServer } from './lib/server.mjs'
import { pause, until } from './lib/wait.mjs'

const ROUNDS = 1000
const AT_ONCE = 20

test(`${ROUNDS} reconnects without an edit leave the store as it was`, async (t) => {
  const server = await startServer(t)
  const writers = await oneOfEach(server, 'read')
  const random = seeded(6)
  for (let edit = 0; edit < 300; edit += 1) randomEdit(random.pick(writers).doc, random, 'writer')
  const counting = writers.filter((it) => it.family.acknowledges)
  const docs = writers.map((it) => it.doc)
  await until('everything is saved', () => allEqual(docs) && counting.every((it) => it.saved()))
  await closeAll(writers)

  const [stored, files] = [await server.inspect(), await server.files()]
  const before = content(writers[0].doc)
  const began = performance.now()
  for (let round = 0; round < ROUNDS; round += AT_ONCE) {
    // Every document that returns brings its whole delete set along, as every reconnect does.
    const again = Array.from({ length: AT_ONCE }, (_, index) => {
      const kind = families[(round + index) % families.length]
      const { doc } = writers.find((it) => it.family === kind)
      const copy = new Y.Doc()
      Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
      return client(kind, server, 'read', { doc: copy })
    })
    await allSynced(again)
    const told = again.filter((it) => it.family.acknowledges)
    await until('nothing is left to save', () => told.every((it) => it.saved()))
    await closeAll(again)
  }
  t.diagnostic(`${ROUNDS} reconnects in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  assert.deepEqual(await server.inspect(), stored)
  assert.deepEqual(await server.files(), files)
  const late = client(families[0], server, 'read')
  await allSynced([late])
  assert.deepEqual(content(late.doc), before)
  await closeAll([late])
})

test('opening a document that nobody has written to does not create it', async (t) => {
  const server = await startServer(t)
  const stored = await server.inspect()
  const clients = await oneOfEach(server, 'only looking')
  await closeAll(clients)
  assert.deepEqual(await server.inspect(), stored)
})

test('a document that nobody has open is let go, and comes back as it was', async (t) => {
  const server = await startServer(t, { args: ['--unload-after', '1s'] })
  const writer = client(families[2], server, 'let go')
  const random = seeded(7)
  for (let edit = 0; edit < 500; edit += 1) randomEdit(writer.doc, random, 'writer')
  await until('everything is saved', () => writer.saved())
  await closeAll([writer])
  const [stored, files] = [await server.inspect(), await server.files()]
  for (let round = 0; round < 2; round += 1) {
    // Long enough for it to be gone; that it went cannot be seen from outside.
    await pause(1500)
    const readers = await oneOfEach(server, 'let go')
    const docs = [writer.doc, ...readers.map((it) => it.doc)]
    await until('everybody has it', () => allEqual(docs))
    assertEqual(docs)
    await closeAll(readers)
  }
  assert.deepEqual(await server.inspect(), stored)
  assert.deepEqual(await server.files(), files)
})
