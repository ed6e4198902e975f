// kill -9 while everybody types: what was called saved is on disk, and everybody comes back.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { allSynced, closeAll, oneOfEach } from './lib/clients.mjs'
import { allEqual, assertEqual, load, randomEdit } from './lib/documents.mjs'
import { seeded } from './lib/random.mjs'
import { startServer } from './lib/server.mjs'
import { breathe, pause, until } from './lib/wait.mjs'

const ROUNDS = process.env.COSCRIBE_LONG === '1' ? 30 : 4

/** Types marked items and notes, whenever a client says "saved", which of them that covers. */
function typist(it, random) {
  const state = { typed: 0, acknowledged: 0 }
  const look = () => { if (it.saved()) state.acknowledged = state.typed }
  return {
    state,
    type: () => {
      look()
      it.doc.transact(() => it.doc.getMap('map').set(`${it.family.name} ${state.typed}`, state.typed))
      state.typed += 1
      if (random.chance(0.3)) randomEdit(it.doc, random, it.family.name)
    },
    look,
  }
}

test('nothing that was called saved is lost by kill -9, and everybody converges', async (t) => {
  // Small files, so that crashes also meet files being sealed.
  const server = await startServer(t, { args: ['--journal-file-size', '64KiB'] })
  const clients = await oneOfEach(server, 'crash')
  const random = seeded(8)
  const typists = clients.map((it) => typist(it, random))
  const counting = clients.map((it, index) => [it, typists[index]]).filter(([it]) => it.family.acknowledges)
  let covered = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const end = performance.now() + 300 + random.below(500)
    while (performance.now() < end) {
      typists.forEach((it) => it.type())
      await (random.chance(0.2) ? pause(random.below(10)) : breathe())
      typists.forEach((it) => it.look())
    }
    await server.kill()
    // What clients had been told by then; nothing they hear later comes from this life.
    const map = load(await server.export('crash')).getMap('map')
    for (const [it, { state }] of counting) {
      for (let index = 0; index < state.acknowledged; index += 1) {
        const key = `${it.family.name} ${index}`
        assert.ok(map.has(key), `round ${round}: ${key} of ${state.acknowledged} is lost`)
      }
      covered += state.acknowledged
    }
    await until('everybody noticed', () => clients.every((it) => !it.synced()))
    await server.restart()
    await allSynced(clients)
    await until('all is saved', () => counting.every(([it]) => it.saved()))
    await until('all are equal again', () => allEqual(clients.map((it) => it.doc)))
  }
  assertEqual(clients.map((it) => it.doc), clients.map((it) => it.family.name))
  for (const [it, { state }] of counting) {
    assert.ok(state.acknowledged > 0, `${it.family.name} was never saved`)
  }
  const sum = typists.reduce((all, it) => all + it.state.typed, 0)
  const sealed = Object.keys(await server.files()).filter((it) => it.startsWith('archive/'))
  const looked = `${covered} acknowledged edits looked up, ${sum} typed`
  t.diagnostic(`${ROUNDS} crashes, ${looked}, ${sealed.length} archives`)
  await closeAll(clients)
})
