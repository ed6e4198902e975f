// Real editing histories, typed live: what every client, the server and its disk end with is the
// text that the authors ended with.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as Y from 'yjs'

import { allSynced, client, closeAll, families, family } from './lib/clients.mjs'
import { load } from './lib/documents.mjs'
import { startServer } from './lib/server.mjs'
import { TwoAuthors, trace, type } from './lib/traces.mjs'
import { breathe, until } from './lib/wait.mjs'

const long = process.env.COSCRIBE_LONG === '1'
const READERS = 20
/** How much an author may have on its way before it waits, as a person at any speed would. */
const ON_THE_WAY = 64 * 1024

const textOf = (it) => it.doc.getText('text').toString()

/** Checks the store before anybody reconnects and could heal it, then the restarted server. */
async function assertStored(server, name, text) {
  assert.equal((await server.stop()).code, 0)
  assert.equal(load(await server.export(name)).getText('text').toString(), text, 'the store differs')
  await server.restart()
  const late = client(family('y-websocket 3'), server, name)
  await until('the restarted server has the text', () => textOf(late) === text)
  await closeAll([late])
}

test('two authors type the same document live, and their texts agree', async (t) => {
  const source = trace(t, 'friendsforever')
  if (!source) return
  const server = await startServer(t)
  const authors = ['y-websocket 3', 'Hocuspocus 4'].map((it) => client(family(it), server, 'friends'))
  const readers = families.filter((it) => !authors.some((author) => author.family === it))
    .map((it) => client(it, server, 'friends'))
  const all = [...authors, ...readers]
  await allSynced(all)
  const began = performance.now()
  const waits = await replay(new TwoAuthors(source.txns, 'text'), authors)
  await until('every text is the end text', () => all.every((it) => textOf(it) === source.endContent), {
    state: () => all.map((it) => `${it.family.name} ${textOf(it).length}`),
  })
  const seconds = (performance.now() - began) / 1000
  await until('it is saved', () => authors[1].saved())
  t.diagnostic(`${source.txns.length} transactions in ${seconds.toFixed(1)} s, ${waits} times both waited`)
  await closeAll(all)
  await assertStored(server, 'friends', source.endContent)
})

/** Both authors type whatever they may: a transaction needs its parents to have arrived live. */
async function replay(script, authors) {
  const queues = [0, 1].map((agent) => script.txns.flatMap((it, index) => it.agent === agent ? [index] : []))
  const typed = [0, 0]
  let [waits, waiting] = [0, false]
  while (queues.some((queue) => queue.length > 0)) {
    let moved = false
    for (const agent of [0, 1]) {
      let burst = 0
      while (queues[agent].length > 0 && burst < 50) {
        const needed = script.needs(queues[agent][0])
        if (needed > typed[1 - agent] || !has(authors[agent].doc, script.authors[1 - agent], needed)) break
        Y.applyUpdate(authors[agent].doc, script.typed(queues[agent].shift()), 'typing')
        typed[agent] += 1
        burst += 1
      }
      moved ||= burst > 0
    }
    if (!moved && !waiting) waits += 1
    waiting = !moved
    await breathe()
  }
  return waits
}

/** Whether a live document has an author's first `count` updates: the server keeps their order, so
 * the last of them stands for all. */
function has(doc, author, count) {
  if (count === 0) return true
  const { structs, ds } = Y.decodeUpdate(author.updates[count - 1])
  const inserted = structs.every(({ id, length }) => Y.getState(doc.store, id.client) >= id.clock + length)
  return inserted && [...ds.clients].every(([id, ranges]) =>
    ranges.every(({ clock, len }) => isDeleted(doc, id, clock, len)))
}

function isDeleted(doc, id, clock, length) {
  for (let at = clock; at < clock + length; at += 1) {
    if (Y.getState(doc.store, id) <= at || !Y.getItem(doc.store, Y.createID(id, at)).deleted) return false
  }
  return true
}

test(`one author types a blog post live before ${READERS} readers`, async (t) => {
  const source = trace(t, 'seph-blog1')
  if (!source) return
  const txns = long ? source.txns : source.txns.slice(0, 30_000)
  const server = await startServer(t)
  const author = client(family('Hocuspocus 4'), server, 'blog')
  const readers = Array.from({ length: READERS }, (_, index) =>
    client(families[index % families.length], server, 'blog'))
  await allSynced([author, ...readers])
  const plain = new Y.Doc().getText('text')
  const [began, text] = [performance.now(), author.doc.getText('text')]
  for (const [index, { patches }] of txns.entries()) {
    type(text, patches)
    type(plain, patches)
    if (index % 100 === 99) await breathe()
    while (author.sockets[0].bufferedAmount > ON_THE_WAY) await breathe()
  }
  const end = plain.toString()
  if (long) assert.equal(end, source.endContent)
  await until('every reader has the end text', () => readers.every((it) => textOf(it) === end), {
    ms: 120_000,
    state: () => readers.map((it) => textOf(it).length),
  })
  const seconds = (performance.now() - began) / 1000
  await until('it is saved', () => author.saved())
  t.diagnostic(`${txns.length} transactions to ${READERS} readers in ${seconds.toFixed(1)} s`)
  await closeAll([author, ...readers])
  await assertStored(server, 'blog', end)
})
