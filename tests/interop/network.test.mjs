// Networks that break, clients as they are published: everybody converges, and nothing that a client
// was told is saved is lost when the server is killed meanwhile.
//
// Every client has its own way to the server, and each round deals them the faults anew. COSCRIBE_SEED
// plays the same faults and edits again; when they meet is up to the machine.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { allSynced, client, closeAll, families, family } from './lib/clients.mjs'
import { allEqual, assertEqual, load, randomEdit } from './lib/documents.mjs'
import { FAULTS, faultyLink } from './lib/faulty-link.mjs'
import { counted } from './lib/owed.mjs'
import { seeded } from './lib/random.mjs'
import { startServer } from './lib/server.mjs'
import { breathe, pause, until } from './lib/wait.mjs'
import { webClient } from './lib/web-client.mjs'
import { manager, page } from './lib/y-sweet-app.mjs'

const ROUNDS = Number(process.env.COSCRIBE_ROUNDS ?? (process.env.COSCRIBE_LONG === '1' ? 30 : 3))
const SEED = Number(process.env.COSCRIBE_SEED ?? Math.floor(Math.random() * 2 ** 32))
const NAME = 'network'
/** Everybody comes back by itself, whatever the backoff of its kind. */
const PATIENCE = 60_000

/** Every client of ours and of others at the document, each over its own link. */
async function everybody(t, server) {
  const reach = async (make) => {
    const link = await faultyLink(t, server)
    return Object.assign(await make(link), { link })
  }
  const others = families.map((kind) => reach((link) => (kind.dialect === 'address' ? hocuspocus : client)(kind, link, NAME)))
  return Promise.all([...others, reach((link) => webClient(link, NAME)), reach(ySweetsOwn)])
}

/** One that is believed when the frames agree with it; `settled` is what it says. */
function hocuspocus(kind, link, name) {
  const { onSocket, owed } = counted()
  const it = client(kind, link, name, { onSocket })
  const saved = () => it.saved() && owed() === 0
  const settled = () => it.synced() && it.provider.unsyncedChanges <= 0
  return { ...it, saved, settled }
}

/** The published y-sweet client, which gets its tokens over the link, too. */
async function ySweetsOwn(link) {
  const it = await page(link, manager(link), NAME)
  const synced = () => it.provider.status === 'connected'
  return Object.assign(it, { family: { name: '@y-sweet/client', acknowledges: true }, synced })
}

/** Types entries that nobody else touches, deletes some again, and notes what "saved" has covered. */
function typist(it, random) {
  const { name } = it.family
  const made = { set: [], deleted: [] }
  const acknowledged = { set: 0, deleted: 0 }
  const look = () => {
    if (!it.family.acknowledges || !it.saved()) return
    acknowledged.set = made.set.length
    acknowledged.deleted = made.deleted.length
  }
  const type = () => {
    look()
    const map = it.doc.getMap('map')
    const key = `${name} ${made.set.length}`
    map.set(key, random.below(1000))
    made.set.push(key)
    if (random.chance(0.2)) {
      const gone = random.pick(made.set)
      map.delete(gone)
      made.deleted.push(gone)
    }
    // Shared types are made by the document's own Yjs, which our pages bring along.
    if (!it.copy && random.chance(0.3)) randomEdit(it.doc, random, name)
  }
  /** What a stored document lacks of it. */
  const lost = (map) => {
    const deleted = new Set(made.deleted)
    const lacking = made.set.slice(0, acknowledged.set).filter((key) => !deleted.has(key) && !map.has(key))
    return [...lacking, ...made.deleted.slice(0, acknowledged.deleted).filter((key) => map.has(key))]
  }
  return { type, look, lost, checked: () => acknowledged.set + acknowledged.deleted }
}

/** Breaks every link in its own way, one of each kind at least. */
function breakAll(clients, random) {
  const deck = [...FAULTS, ...clients.slice(FAULTS.length).map(() => null)]
  for (const it of clients) {
    const [kind] = deck.splice(random.below(deck.length), 1)
    if (kind) it.link.break(kind, seeded(random.below(2 ** 32)))
    it.fault = kind
  }
}

const documents = (clients) => clients.map((it) => it.copy?.() ?? it.doc)

test('over networks that break everybody converges, and nothing that was saved is lost', { timeout: 60_000 + ROUNDS * 30_000 }, async (t) => {
  console.log(`COSCRIBE_SEED=${SEED} plays this again`)
  const random = seeded(SEED)
  // Small files, so that crashes also meet files being sealed.
  const server = await startServer(t, { args: ['--journal-file-size', '64KiB'] })
  const clients = await everybody(t, server)
  await allSynced(clients, PATIENCE)
  const typists = clients.map((it) => typist(it, seeded(random.below(2 ** 32))))
  const checked = () => typists.reduce((sum, it) => sum + it.checked(), 0)
  let strikes = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    breakAll(clients, random)
    const [before, more] = [checked(), 20 + random.below(100)]
    const broken = clients.filter((it) => it.fault)
    const missing = () => broken.filter((it) => it.link.struck === 0).map((it) => `${it.fault}: ${it.family.name}`)
    const tick = async () => {
      typists.forEach((it) => it.type())
      await (random.chance(0.5) ? pause(random.below(10)) : breathe())
      typists.forEach((it) => it.look())
    }
    await until('every fault has struck, and somebody was told "saved"', async () => {
      await tick()
      return missing().length === 0 && checked() > before
    }, { ms: PATIENCE, state: missing })
    for (let ticks = 0; ticks < more; ticks += 1) await tick()
    await server.kill()
    strikes += clients.reduce((sum, it) => sum + it.link.struck, 0)
    // Later on clients bring back what was lost, and hide it.
    const map = load(await server.export(NAME)).getMap('map')
    const lost = typists.flatMap((it) => it.lost(map))
    const faults = clients.map((it) => `${it.family.name}: ${it.fault}`)
    assert.deepEqual(lost, [], `lost in round ${round} of seed ${SEED}; ${faults.join(', ')}`)
    clients.forEach((it) => it.link.heal())
    await until('everybody noticed', () => clients.every((it) => !it.synced()), { ms: PATIENCE })
    await server.restart()
    await allSynced(clients, PATIENCE)
    const telling = clients.filter((it) => it.family.acknowledges)
    const unsaved = () => telling.filter((it) => !(it.settled ?? it.saved)())
    await until('all is saved', () => unsaved().length === 0, {
      ms: PATIENCE,
      state: () => unsaved().map((it) => `${it.family.name}, ${it.fault}`),
    })
    await until('all are equal again', () => allEqual(documents(clients)), { ms: PATIENCE })
  }
  const late = client(family('y-websocket 3'), server, NAME)
  await until('who comes late is equal, too', () => late.synced() && allEqual([...documents(clients), late.doc]))
  assertEqual([...documents(clients), late.doc], [...clients.map((it) => it.family.name), 'late'])
  t.diagnostic(`${ROUNDS} rounds, ${strikes} faults struck, ${checked()} acks checked, 0 lost`)
  for (const it of [...clients, late]) it.close()
})
