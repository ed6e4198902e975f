// The past that the server tells and the past that a page shows, against stock Yjs that replays the same entries: every row,
// and documents, marks and authors at hundreds of random moments.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import * as Y from 'yjs'

import { PackedDocument, unpack } from './lib/pack.mjs'
import { meeting } from './lib/meeting.mjs'
import { pagePast, stockShows, wordsOf } from './lib/page.mjs'
import { seeded } from './lib/random.mjs'
import { byNumbers, content, effective, replay } from './lib/replayed.mjs'
import { dictate } from './lib/scribes.mjs'
import { startServer } from './lib/server.mjs'
import { joined, stockTree } from '../../web/test/support/oracle.mjs'
import { TwoAuthors, trace, type } from './lib/traces.mjs'

const long = process.env.COSCRIBE_LONG === '1'
const MOMENTS = 140
/** At so many of them the server's own exports are compared as well. */
const EXPORTS = 20

const NAMES = ['Ada', 'Linus', 'Mia']

test('a text by two authors at the same time', async (t) => {
  const source = trace(t, 'friendsforever')
  if (!source) return
  const script = new TwoAuthors(source.txns, 'text')
  const log = source.txns.map(({ agent }, index) => ({ name: NAMES[agent], update: script.typed(index) }))
  await compare(t, 'friends', log, 1)
})

test('a component being written', async (t) => {
  const source = trace(t, 'sveltecomponent')
  if (source) await compare(t, 'component', typed(source.txns), 2)
})

test('a blog post being written', async (t) => {
  const source = trace(t, 'seph-blog1')
  if (source) await compare(t, 'blog', typed(long ? source.txns : source.txns.slice(0, 30_000)), 3)
})

test('a meeting note by three people, with marks, lists, tables, undo and offline work', async (t) => {
  await compare(t, 'meeting', meeting(seeded(5), NAMES, 3_000), 4)
})

/** What one author types, one update for each transaction. */
function typed(txns) {
  const doc = new Y.Doc()
  doc.clientID = 77
  const log = []
  doc.on('update', (update) => log.push({ name: 'Ada', update }))
  const text = doc.getText('text')
  txns.forEach(({ patches }) => type(text, patches))
  return log
}

async function compare(t, name, log, seed) {
  log = effective(log)
  const server = await startServer(t)
  const half = log.length >> 1
  await dictate(server, name, log.slice(0, half))
  const beginning = await history(server, name, '')
  await dictate(server, name, log.slice(half), 1 + NAMES.length)
  const began = performance.now()
  const packed = await history(server, name, '')
  const ms = Math.round(performance.now() - began)
  const pack = unpack(packed)
  t.diagnostic(`${pack.rows.length} entries, ${packed.length} bytes, first answer after ${ms} ms`)
  assert.deepEqual([pack.after, pack.last, pack.floor], [0, log.length, 0])
  const random = seeded(seed)
  const moments = Array.from({ length: MOMENTS }, () => random.below(log.length + 1))
  const replayed = replay(log, moments)
  compareRows(pack, log, replayed.rows)
  const document = new PackedDocument(pack)
  const bornBy = document.bornBy()
  for (const [index, moment] of moments.entries()) {
    const expected = replayed.docs.get(moment)
    const what = `${name} at ${moment}`
    assert.deepEqual(content(document.at(moment)), content(expected), what)
    compareAuthors(expected, bornBy, replayed.authors, what)
    if (index < EXPORTS) await compareExports(server, name, moment, expected, what)
  }
  await compareParts(server, name, pack, random)
  const rest = await history(server, name, `?after=${half}&epoch=${pack.epoch}`)
  for (const packs of [[packed], [beginning, rest]]) comparePage(t, pagePast(packs), name, moments, replayed)
  await compareChanges(server, name, moments, replayed)
}

function compareRows(pack, log, expected) {
  assert.equal(pack.rows.length, log.length)
  pack.rows.forEach((row, index) => {
    const what = `entry ${index + 1}`
    assert.equal(row.seq, index + 1)
    assert.equal(row.user.name, log[index].name, what)
    assert.equal(row.user.kind, 'claimed')
    assert.deepEqual(row.inserted.toSorted(byNumbers), expected[index].inserted, what)
    assert.deepEqual(row.deleted.toSorted(byNumbers), expected[index].deleted, what)
  })
}

/** Who wrote each visible unit. */
function compareAuthors(doc, bornBy, authors, what) {
  for (const [client, items] of doc.store.clients) {
    for (const item of items.filter((it) => !it.deleted)) {
      for (let at = 0; at < item.length; at += 1) {
        const { name } = bornBy({ client, clock: item.id.clock + at })
        if (name !== authors.get(client)) assert.fail(`${what}: ${client}.${item.id.clock + at} is by ${name}`)
      }
    }
  }
}

async function compareExports(server, name, moment, expected, what) {
  const past = `/documents/${name}/history/${moment}/export`
  const state = Y.encodeStateAsUpdate(expected)
  const made = new Y.Doc()
  Y.applyUpdate(made, await get(server, `${past}.yjs`))
  assert.deepEqual(content(made), content(expected), `${what} as an update`)
  for (const format of ['json', 'txt', 'md']) {
    const converted = await fetch(`${server.http}/api/v1/convert?from=yjs&to=${format}`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: state,
    })
    assert.equal(converted.status, 200)
    const file = Buffer.from(await get(server, `${past}.${format}`)).toString()
    assert.equal(file, await converted.text(), `${what} as ${format}`)
  }
}

/** Packs that continue each other say together what the whole says. */
async function compareParts(server, name, pack, random) {
  const cut = random.below(pack.rows.length)
  const rest = unpack(await history(server, name, `?after=${pack.rows[cut].seq}&epoch=${pack.epoch}`))
  assert.deepEqual(rest.rows, pack.rows.slice(cut + 1))
  const clocks = new Map()
  pack.rows.slice(0, cut + 1).forEach((row) => row.inserted.forEach(([client, length]) =>
    clocks.set(client, (clocks.get(client) ?? 0) + length)))
  rest.starts.forEach(([client, clock]) => assert.equal(clock, clocks.get(client)))
  const first = new Y.Doc({ gc: false })
  Y.applyUpdate(first, Y.encodeStateAsUpdate(new PackedDocument(pack).at(cut + 1)))
  Y.applyUpdate(first, rest.update)
  assert.deepEqual(Y.encodeStateVector(first), Y.encodeStateVector(new PackedDocument(pack).doc))
}

/** A page shows the same as stock Yjs, whatever it showed before; and of two moments both. */
function comparePage(t, page, name, moments, { docs, authors }) {
  const expected = new Map([...docs].map(([moment, doc]) => [moment, stockShows(page, doc, authors)]))
  const began = performance.now()
  for (const moment of moments) assert.deepEqual(page.at(moment), expected.get(moment), `the page of ${name} at ${moment}`)
  t.diagnostic(`a page shows ${moments.length} moments as stock Yjs, in ${Math.round(performance.now() - began)} ms with comparing`)
  moments.forEach((moment, index) => {
    const [from, to] = [moment, moments[(index + 1) % moments.length]].sort((a, b) => a - b)
    const what = `the page of ${name} from ${from} to ${to}`
    assert.deepEqual(page.without(from, to, 'deleted'), expected.get(to).content, what)
    assert.equal(wordsOf(page.without(from, to, 'inserted')), wordsOf(expected.get(from).content), what)
  })
}

/** What stayed and came is the later moment, what stayed and went the earlier one. */
async function compareChanges(server, name, moments, { docs }) {
  let changed = 0
  for (let pair = 0; pair < 10; pair += 1) {
    const [from, to] = moments.slice(2 * pair, 2 * pair + 2).sort((a, b) => a - b)
    const answer = await get(server, `/documents/${name}/history/changes?from=${from}&to=${to}`)
    const { runs } = JSON.parse(Buffer.from(answer))
    const without = (state) => runs.filter((run) => run.state !== state).map((run) => run.text).join('')
    assert.equal(without('inserted'), lines(docs.get(from)), `${name} at ${from}`)
    assert.equal(without('deleted'), lines(docs.get(to)), `${name} at ${to}`)
    const { content: tree } = JSON.parse(Buffer.from(await get(server, `/documents/${name}/history/changes?from=${from}&to=${to}&format=json`)))
    assert.deepEqual(side(tree, 'inserted', true), stock(docs.get(from)), `${name} at ${from} as a tree`)
    assert.deepEqual(side(tree, 'deleted', false), stock(docs.get(to)), `${name} at ${to} as a tree`)
    changed += states(tree).filter((state) => state === 'changed').length
  }
  if (docs.get(moments[0]).getXmlFragment('default').length > 0) assert.ok(changed > 0, 'something looked otherwise')
}

/** One of the moments that a compared tree tells, in the form of stock Yjs. */
function side(nodes, other, isEarlier) {
  return joined(nodes.filter(({ state }) => state !== other).map(({ type, text, marks, attrs, before, state, content }) => {
    const was = isEarlier && state === 'changed'
    if (type !== 'text') return { name: type, attributes: was ? before : attrs, content: side(content, other, isEarlier) }
    return { text, marks: Object.fromEntries((was ? before : marks).map((mark) => [mark.type, mark.attrs])) }
  }))
}

/** What stock Yjs shows, of text as well. */
function stock(doc) {
  const page = doc.getXmlFragment('default')
  const text = doc.getText('text').toString()
  return page.length > 0 ? stockTree(page) : text ? [{ text, marks: {} }] : []
}

function states(nodes) {
  return nodes.flatMap(({ state, content = [] }) => [state, ...states(content)])
}

/** The text, of rich text one line for each block. */
function lines(doc) {
  const page = doc.getXmlFragment('default')
  if (page.length === 0) return doc.getText('text').toString()
  const words = (type) => type.toDelta().map(({ insert }) => insert).join('')
  const blocks = (type) => {
    const inner = type.toArray()
    const own = inner.filter((it) => it instanceof Y.XmlText).map(words).join('')
    const deeper = inner.filter((it) => it instanceof Y.XmlElement).flatMap(blocks)
    return deeper.length > 0 ? deeper : [own]
  }
  return page.toArray().flatMap(blocks).join('\n')
}

async function history(server, name, query) {
  return get(server, `/documents/${name}/history${query}`)
}

async function get(server, path) {
  // Comparing takes longer than the server keeps a silent connection. That it was closed is noticed where the loop waits
  // for sockets, and the first turn may come before that.
  for (let turns = 0; turns < 3; turns += 1) await turn()
  const answer = await fetch(`${server.http}/api/v1${path}`)
  const bytes = new Uint8Array(await answer.arrayBuffer())
  assert.equal(answer.status, 200, Buffer.from(bytes).toString())
  return bytes
}
