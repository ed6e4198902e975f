// All six clients edit one document at once and end with the same one; everybody sees everybody.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { allSynced, closeAll, families, oneOfEach } from './lib/clients.mjs'
import { allEqual, assertEqual, load, randomEdit } from './lib/documents.mjs'
import { seeded } from './lib/random.mjs'
import { startServer } from './lib/server.mjs'
import { breathe, until } from './lib/wait.mjs'

const ROUNDS = 400
const names = families.map((it) => it.name)

test('all clients that edit a document at once end with the same one', async (t) => {
  const server = await startServer(t)
  const clients = await oneOfEach(server, 'together')
  const random = seeded(1)
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const it of clients) randomEdit(it.doc, random, it.family.name)
    if (random.chance(0.3)) await breathe()
  }
  await until('all documents are equal', () => allEqual(clients.map((it) => it.doc)))
  assertEqual(clients.map((it) => it.doc), names)
  const counting = clients.filter((it) => it.family.acknowledges)
  await until('everything is saved', () => counting.every((it) => it.saved()))
  await closeAll(clients)
  const late = await oneOfEach(server, 'together')
  const all = [...clients, ...late].map((it) => it.doc)
  await until('latecomers have the same document', () => allEqual(all))
  assertEqual(all)
  await closeAll(late)
  assert.equal((await server.stop()).code, 0)
  const stored = load(await server.export('together'))
  assertEqual([clients[0].doc, stored], ['client', 'stored'])
  const left = clients[0].doc.getText('text').length
  t.diagnostic(`${ROUNDS * names.length} edits by ${names.length} clients, ${left} characters left`)
})

test('clients that edited apart have the same document once they meet', async (t) => {
  const server = await startServer(t)
  const clients = await oneOfEach(server, 'apart')
  const random = seeded(2)
  for (let meeting = 0; meeting < 3; meeting += 1) {
    clients.forEach((it) => it.disconnect())
    await until('nobody is connected', () => clients.every((it) => !it.synced()))
    for (let round = 0; round < 60; round += 1) {
      for (const it of clients) randomEdit(it.doc, random, it.family.name)
    }
    clients.forEach((it) => it.connect())
    await allSynced(clients)
    await until('all documents are equal', () => allEqual(clients.map((it) => it.doc)))
    assertEqual(clients.map((it) => it.doc), names)
  }
  await closeAll(clients)
})

test('everybody sees everybody, and nobody who has left', async (t) => {
  const server = await startServer(t)
  const clients = await oneOfEach(server, 'presence')
  const sees = () => clients.map((it) => it.sees())
  const here = (who) => JSON.stringify(who.map((it) => it.family.name).sort())
  const agree = (who) => who.every((it) => JSON.stringify(it.sees()) === here(who))
  await until('everybody sees everybody', () => agree(clients), { state: sees })
  clients[0].awareness.setLocalStateField('cursor', { at: 7 })
  const cursor = (it) => [...it.awareness.getStates().values()].some((state) => state.cursor?.at === 7)
  await until('everybody sees the cursor', () => clients.every(cursor))
  const left = [...clients]
  while (left.length > 1) {
    const leaving = left.shift()
    // Half of them close politely, the others just vanish.
    if (left.length % 2) leaving.sockets.at(-1).terminate()
    leaving.close()
    await until(`${leaving.family.name} is gone`, () => agree(left), { state: sees })
  }
  await closeAll(clients)
})
