// A past whose beginning retention has removed: from there on the server's packs and the page's index tell what stock Yjs
// makes of the same entries, also after the document went to another place as a file.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { meeting } from './lib/meeting.mjs'
import { PackedDocument, unpack } from './lib/pack.mjs'
import { pagePast, stockShows } from './lib/page.mjs'
import { seeded } from './lib/random.mjs'
import { byNumbers, content, effective, replay } from './lib/replayed.mjs'
import { dictate } from './lib/scribes.mjs'
import { startServer } from './lib/server.mjs'
import { TwoAuthors, trace } from './lib/traces.mjs'
import { until } from './lib/wait.mjs'

const NAMES = ['Ada', 'Linus', 'Mia']
const MOMENTS = 60

test('a meeting note, with marks, lists, tables and undo', async (t) => {
  await compare(t, 'meeting', meeting(seeded(8), NAMES, 1_500), 1)
})

test('a text by two authors at the same time', async (t) => {
  const source = trace(t, 'friendsforever')
  if (!source) return
  const script = new TwoAuthors(source.txns.slice(0, 4_000), 'text')
  const log = source.txns.slice(0, 4_000).map(({ agent }, index) => ({ name: NAMES[agent], update: script.typed(index) }))
  await compare(t, 'friends', log, 2)
})

async function compare(t, name, log, seed) {
  log = effective(log)
  const cut = log.length >> 1
  const random = seeded(seed)
  const moments = [cut, log.length, ...Array.from({ length: MOMENTS }, () => cut + random.below(log.length - cut + 1))]
  const replayed = replay(log, moments)
  const server = await startServer(t)
  await dictate(server, name, log.slice(0, cut))
  await call(server, `/documents/${name}/versions`, { name: 'Kept', seq: cut })
  await cutNow(server, name)
  await dictate(server, name, log.slice(cut), 1 + NAMES.length)
  const after = { server, log, cut, moments, replayed }
  await comparePast(after, name, { floor: cut, kinds: ['server', 'claimed'] })

  const file = await get(server, `/documents/${name}/export.coscribe`)
  await call(server, '/documents?name=moved', file, 'application/vnd.coscribe.document')
  await comparePast(after, 'moved', { floor: 2, kinds: ['import', 'claimed'] })
  const { versions } = JSON.parse(Buffer.from(await get(server, '/documents/moved/versions')))
  assert.deepEqual(versions.filter(({ automatic }) => !automatic).map(({ name: called, seq }) => [called, seq]), [['Kept', 2]])
  const replayedInWords = await server.command('replay', 'moved')
  assert.match(replayedInWords.toString(), /; earlier edits were not kept\n/)
}

/** Everything up to now goes, for servers look when they start; later edits stay. */
async function cutNow(server, name) {
  await server.stop()
  await server.start(['--retention', 'versions'])
  await until('the beginning is gone', async () => {
    const { begins } = JSON.parse(Buffer.from(await get(server, `/documents/${name}/history/retention`)))
    return begins !== null
  })
  await server.stop()
  await server.start()
}

async function comparePast({ server, log, cut, moments, replayed }, name, { floor, kinds: [nobody, somebody] }) {
  const packed = await get(server, `/documents/${name}/history`)
  const pack = unpack(packed)
  assert.deepEqual([pack.floor, pack.last], [floor, floor + log.length - cut])
  const [base, ...rows] = pack.rows
  assert.deepEqual([base.seq, base.user.kind, base.user.name], [floor, nobody, ''])
  assert.equal(rows.length, log.length - cut)
  rows.forEach((row, index) => {
    const what = `entry ${cut + index + 1} of ${name}`
    const { inserted, deleted } = replayed.rows[cut + index]
    assert.deepEqual([row.seq, row.user.kind, row.user.name], [floor + index + 1, somebody, log[cut + index].name], what)
    assert.deepEqual(row.inserted.toSorted(byNumbers), inserted, what)
    assert.deepEqual(row.deleted.toSorted(byNumbers), deleted, what)
  })
  const authors = { get: (client, clock) => (clock < before(replayed, cut, client) ? '' : replayed.authors.get(client)) }
  const [document, page] = [new PackedDocument(pack), pagePast([packed])]
  for (const moment of moments) {
    const [count, expected, what] = [moment - cut + 1, replayed.docs.get(moment), `${name} at ${moment}`]
    assert.deepEqual(content(document.at(count)), content(expected), what)
    assert.deepEqual(page.at(count), stockShows(page, expected, authors), `the page of ${what}`)
  }
  assert.equal((await fetch(`${server.http}/api/v1/documents/${name}/history/${floor - 1}/export.txt`)).status, 410)
}

/** How many units of a client there were at the cut. */
function before({ docs }, cut, client) {
  const items = docs.get(cut).store.clients.get(client) ?? []
  return items.length > 0 ? items.at(-1).id.clock + items.at(-1).length : 0
}

async function get(server, path) {
  const answer = await fetch(`${server.http}/api/v1${path}`)
  const bytes = new Uint8Array(await answer.arrayBuffer())
  assert.equal(answer.status, 200, Buffer.from(bytes).toString())
  return bytes
}

async function call(server, path, body, type = 'application/json') {
  const bytes = type === 'application/json' ? JSON.stringify(body) : body
  const answer = await fetch(`${server.http}/api/v1${path}`, { method: 'POST', headers: { 'content-type': type }, body: bytes })
  assert.equal(answer.status, 201, await answer.text())
}
