// "Saved" is counted exactly, and said only once the disk has said so.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as Y from 'yjs'

import { client, closeAll, families, family, oneOfEach } from './lib/clients.mjs'
import { allEqual } from './lib/documents.mjs'
import { startServer } from './lib/server.mjs'
import { canStall, stallSyncs } from './lib/stall.mjs'
import { breathe, pause, until } from './lib/wait.mjs'

const STALL = 7
const hocuspocus = families.filter((it) => it.dialect === 'address')

/** Fails the test when a provider's counter ever goes below zero. */
function watchCounter(it) {
  const seen = { lowest: 0, last: 0 }
  it.provider.on('unsyncedChanges', (event) => {
    seen.last = typeof event === 'number' ? event : event.number
    seen.lowest = Math.min(seen.lowest, seen.last)
  })
  return seen
}

for (const kind of hocuspocus) {
  test(`${kind.name} counts back to exactly zero`, async (t) => {
    const server = await startServer(t)
    const it = client(kind, server, 'counted')
    const seen = watchCounter(it)
    await until('the first sync is acknowledged', () => it.saved())
    for (let round = 0; round < 5; round += 1) {
      for (let edit = 0; edit < 40; edit += 1) {
        it.doc.getText('text').insert(0, 'x')
        if (edit % 7 === 0) await breathe()
      }
      await until('the edits are acknowledged', () => it.provider.unsyncedChanges <= 0)
      it.provider.forceSync()
      await until('the forced sync is acknowledged', () => it.provider.unsyncedChanges <= 0)
      // An acknowledgement too many would arrive now.
      await pause(50)
      assert.equal(it.provider.unsyncedChanges, 0)
    }
    assert.equal(seen.lowest, 0, 'the counter went below zero')
    await closeAll([it])
  })

  test(`${kind.name} that forces syncs while typing is at zero after the last one`, async (t) => {
    const server = await startServer(t)
    const it = client(kind, server, 'forced')
    await until('the first sync is acknowledged', () => it.saved())
    for (let edit = 0; edit < 200; edit += 1) {
      it.doc.getText('text').insert(0, 'x')
      if (edit % 10 === 0) it.provider.forceSync()
      if (edit % 3 === 0) await breathe()
    }
    // Whoever forces a sync forgets what it still waits for, and version 2 then counts below zero;
    // a sync forced in a quiet moment must be answered by exactly one acknowledgement.
    await until('the text has arrived', () => it.provider.unsyncedChanges <= 0)
    await pause(100)
    it.provider.forceSync()
    assert.equal(it.provider.unsyncedChanges, 1)
    await until('the last forced sync is acknowledged', () => it.provider.unsyncedChanges <= 0)
    await pause(50)
    assert.equal(it.provider.unsyncedChanges, 0)
    await closeAll([it])
  })

  test(`${kind.name} that relays an edit with a gap is asked for the rest, and counts to zero`, async (t) => {
    const server = await startServer(t)
    const it = client(kind, server, 'gap')
    await until('the first sync is acknowledged', () => it.saved())
    // Somebody else's edits: the client holds them all, but the first is never sent by itself.
    const other = new Y.Doc()
    const updates = []
    other.on('update', (update) => updates.push(update))
    const text = other.getText('text')
    for (const word of ['one ', 'two ', 'three ']) text.insert(text.length, word)
    Y.applyUpdate(it.doc, updates[0], it.provider)
    Y.applyUpdate(it.doc, updates[1], 'relay')
    Y.applyUpdate(it.doc, updates[2], 'relay')
    const reader = client(family('y-websocket 3'), server, 'gap')
    await until('the server has it all', () => reader.doc.getText('text').toString() === 'one two three ', {
      state: () => reader.doc.getText('text').toString(),
    })
    await until('all is acknowledged', () => it.provider.unsyncedChanges === 0, {
      state: () => it.provider.unsyncedChanges,
    })
    await pause(50)
    assert.equal(it.provider.unsyncedChanges, 0)
    assert.ok(allEqual([it.doc, reader.doc]))
    await closeAll([it, reader])
  })
}

test('Hocuspocus 4.8 that gathers edits before it sends them counts to zero', async (t) => {
  const server = await startServer(t)
  const it = client(family('Hocuspocus 4'), server, 'gathered', { options: { flushDelay: 20 } })
  await until('the first sync is acknowledged', () => it.saved())
  for (let edit = 0; edit < 100; edit += 1) {
    it.doc.getText('text').insert(0, 'x')
    await pause(1)
  }
  await until('all is acknowledged', () => it.provider.unsyncedChanges === 0)
  const reader = client(family('y-websocket 3'), server, 'gathered')
  await until('a reader has it', () => reader.doc.getText('text').length === 100)
  await closeAll([it, reader])
})

test('nobody hears "saved" before the disk has, and nobody waits for it to see an edit', async (t) => {
  if (!canStall()) return t.skip('strace is missing or may not trace: this needs a slow disk')
  const server = await startServer(t)
  const clients = await oneOfEach(server, 'slow-disk')
  const typists = clients.filter((it) => it.family.acknowledges)
  clients.forEach((it, index) => it.doc.getArray('array').push([index]))
  const docs = clients.map((it) => it.doc)
  await until('all is quiet', () => allEqual(docs) && typists.every((it) => it.saved()))

  const disk = await stallSyncs(t, server.process.pid, STALL)
  const began = performance.now()
  for (const it of typists) it.doc.getText('text').insert(0, `${it.family.name} `)
  await until('everybody has every edit', () => allEqual(docs), { ms: (STALL - 1) * 1000 })
  const shown = performance.now() - began
  assert.equal(disk.finished(), 0, 'the disk was not slow')
  for (const it of typists) assert.ok(!it.saved(), `${it.family.name} says saved too early`)

  const told = new Map()
  await until('all is saved', () => {
    for (const it of typists) {
      if (!it.saved() || told.has(it)) continue
      told.set(it, performance.now() - began)
      assert.ok(told.get(it) >= STALL * 1000, `${it.family.name} said saved after ${told.get(it)} ms`)
    }
    return told.size === typists.length
  }, { ms: 4 * STALL * 1000 })
  await disk.end()
  for (const it of clients) assert.equal(it.connections(), 1, `${it.family.name} reconnected`)
  const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`
  const saved = [...told].map(([it, ms]) => `${it.family.name} ${seconds(ms)}`).join(', ')
  t.diagnostic(`shown after ${seconds(shown)}, saved after: ${saved}`)
  await closeAll(clients)
})
