// A large document opens over a bad mobile link, for every client, without one reconnect.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as Y from 'yjs'

import { allSynced, client, closeAll, families, family } from './lib/clients.mjs'
import { sameOperations } from './lib/documents.mjs'
import { seeded } from './lib/random.mjs'
import { startServer } from './lib/server.mjs'
import { slowLink } from './lib/slow-link.mjs'
import { breathe, until } from './lib/wait.mjs'

const MEGABYTE = 1 << 20
const BITS_PER_SECOND = 256_000

/** A megabyte of text typed in twenty thousand places. */
async function typeMuch(text) {
  const random = seeded(5)
  for (let edit = 0; edit < 20_000; edit += 1) {
    text.insert(random.below(text.length + 1), `${random.below(1e9)} `.padEnd(40, 'lorem ipsum '))
    if (edit % 200 === 0) await breathe()
  }
}

/** A megabyte of text in one operation. */
function pasteMuch(text) {
  text.insert(0, 'A line that somebody pasted, again and again.\n'.repeat(MEGABYTE / 46))
}

test('a megabyte opens over 256 kbit/s without a reconnect', async (t) => {
  const server = await startServer(t)
  const link = await slowLink(t, server, BITS_PER_SECOND)
  const writers = ['typed', 'pasted'].map((name) => client(family('Hocuspocus 4'), server, name))
  await allSynced(writers)
  await typeMuch(writers[0].doc.getText('text'))
  pasteMuch(writers[1].doc.getText('text'))
  await until('it is saved', () => writers.every((it) => it.saved()), { ms: 60_000 })
  const began = performance.now()
  const readers = ['typed', 'pasted'].flatMap((name) => families.map((kind) => client(kind, link, name)))
  await allSynced(readers, 120_000)
  const seconds = (performance.now() - began) / 1000
  readers.forEach((it, index) => {
    const writer = writers[Math.floor(index / families.length)]
    assert.ok(sameOperations(it.doc, writer.doc), `${it.family.name} lacks something`)
    assert.equal(it.connections(), 1, `${it.family.name} reconnected`)
  })
  const sizes = writers.map((it) => (Y.encodeStateAsUpdate(it.doc).length / MEGABYTE).toFixed(2))
  const size = `${sizes.join(' and ')} MiB, typed and pasted`
  t.diagnostic(`${size}, in ${seconds.toFixed(1)} s to ${readers.length} clients`)
  await closeAll([...readers, ...writers])
})
