// A document that was given another name on the server: the connection follows, and the copy of this device with it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IDBFactory } from 'fake-indexeddb'
import { OfflineStore } from '../src/sync/offline_store.js'
import { Provider } from '../src/sync/provider.js'
import * as frames from '../src/sync/frames.js'
import { Y, encoding } from '../vendor/core.js'
import { FakeWorld } from './fake_world.js'

const EPOCH = 'e1'

/** A tab of a device. @param {import('node:test').TestContext} t @param {IDBFactory} indexedDB @param {string} [name] */
async function open(t, indexedDB, name = 'old') {
  const world = new FakeWorld()
  const doc = new Y.Doc()
  const store = new OfflineStore({ indexedDB, BroadcastChannel: null, environment: world.environment })
  const provider = new Provider({ server: 'ws://host', name, doc, store, environment: world.environment })
  t.after(() => provider.destroy())
  await until(provider, () => provider.facts.storage !== 'opening')
  provider.connect()
  await until(provider, () => world.sockets.length > 0)
  return { world, provider, store, text: doc.getText('text'), read: () => doc.getText('text').toString() }
}

/** @param {Provider} provider @param {() => boolean} isSo */
const until = (provider, isSo) => /** @type {Promise<void>} */ (new Promise(resolve => {
  const check = () => isSo() && (stop(), resolve())
  const stop = provider.subscribe(check)
  check()
}))

/** @param {object} what */
function hello(what) {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 120)
  encoding.writeVarString(encoder, JSON.stringify(what))
  return encoding.toUint8Array(encoder)
}

/** The server's side of a handshake about a document that is empty there. @param {FakeWorld} world @param {string} [epoch] */
function handshake(world, epoch = EPOCH) {
  world.socket.accept()
  world.socket.deliver(hello({ epoch }))
  world.socket.deliver(frames.stepOne(new Uint8Array([0])))
  world.socket.deliver(frames.stepTwo(new Uint8Array([0, 0])))
}

/** The server says what it is called now, and hangs up. @param {FakeWorld} world @param {string} renamed */
function sendAway(world, renamed) {
  world.socket.drop(1006)
  world.advance(1000)
  world.socket.accept()
  world.socket.deliver(hello({ epoch: EPOCH, renamed }))
  world.socket.drop(4404, `this document is now called ${renamed}`)
}

/** Lets the next attempt come, once storage is done. @param {Awaited<ReturnType<typeof open>>} tab @param {string} part */
async function comesTo({ world, provider }, part) {
  world.advance(1000)
  await until(provider, () => world.socket.url.includes(part))
}

test('a connection follows to the new name with its epoch, and what was not sent is sent there', async t => {
  const tab = await open(t, new IDBFactory())
  handshake(tab.world)
  tab.world.socket.drop(1006)
  tab.text.insert(0, 'unsent')
  await tab.provider.flush()
  tab.world.advance(1000)
  sendAway(tab.world, 'a/new')
  await comesTo(tab, '/ws/a%2Fnew?coscribe=1&epoch=e1')
  assert.equal(tab.provider.name, 'a/new')
  assert.deepEqual([tab.provider.facts.stop, tab.provider.facts.unsaved], [null, 1])
  handshake(tab.world)
  const sent = tab.world.socket.take().map(frames.decode).find(({ type }) => type === 'step-2')
  const there = new Y.Doc()
  if (sent?.type === 'step-2') Y.applyUpdate(there, sent.update)
  assert.equal(there.getText('text').toString(), 'unsent')
})

test('the copy of this device lies under the new name, with what is not sent, and no more under the old one', async t => {
  const indexedDB = new IDBFactory()
  const tab = await open(t, indexedDB)
  handshake(tab.world)
  tab.text.insert(0, 'kept')
  await tab.provider.flush()
  sendAway(tab.world, 'new')
  await comesTo(tab, '/ws/new')
  tab.text.insert(4, ' on')
  await tab.provider.flush()
  assert.deepEqual((await tab.store.list()).map(({ name, epoch, unsent }) => ({ name, epoch, unsent })), [{ name: 'new', epoch: EPOCH, unsent: 2 }])
  const again = await open(t, indexedDB, 'new')
  assert.deepEqual([again.read(), again.provider.facts.unsaved], ['kept on', 2])
})

test('two tabs follow one after the other, and their copy has the edits of both', async t => {
  const indexedDB = new IDBFactory()
  const one = await open(t, indexedDB)
  handshake(one.world)
  one.text.insert(0, 'a')
  await one.provider.flush()
  const other = await open(t, indexedDB)
  handshake(other.world)
  sendAway(one.world, 'new')
  await comesTo(one, '/ws/new')
  other.text.insert(1, 'b')
  await other.provider.flush()
  sendAway(other.world, 'new')
  await comesTo(other, '/ws/new')
  await other.provider.flush()
  one.text.insert(0, 'c')
  await one.provider.flush()
  assert.deepEqual((await one.store.list()).map(({ name }) => name), ['new'])
  const again = await open(t, indexedDB, 'new')
  assert.deepEqual([...again.read()].sort().join(''), 'abc')
})

for (const { unsent, stays } of [{ unsent: false, stays: ['new'] }, { unsent: true, stays: ['new', 'old'] }]) {
  test(`another document’s copy in the way ${unsent ? 'with unsent edits is not touched' : 'gives way'}`, async t => {
    const indexedDB = new IDBFactory()
    const before = await open(t, indexedDB, 'new')
    handshake(before.world, 'e0')
    before.text.insert(0, 'earlier')
    await before.provider.flush()
    if (!unsent) {
      before.world.advance(100)
      for (const message of before.world.socket.take().map(frames.decode)) if (message.type === 'barrier') before.world.socket.deliver(frames.barrier(message.count))
      await before.provider.flush()
    }
    before.provider.destroy()
    const tab = await open(t, indexedDB)
    handshake(tab.world)
    tab.text.insert(0, 'mine')
    await tab.provider.flush()
    sendAway(tab.world, 'new')
    await comesTo(tab, '/ws/new')
    await tab.provider.flush()
    assert.deepEqual((await tab.store.list()).map(({ name }) => name).sort(), stays)
    assert.equal(tab.provider.facts.storage, unsent ? 'refused' : 'kept')
    assert.equal((await open(t, indexedDB, 'new')).read(), unsent ? 'earlier' : 'mine')
  })
}

test('a server that calls it what it is called already has no such document', async t => {
  const tab = await open(t, new IDBFactory())
  handshake(tab.world)
  sendAway(tab.world, 'old')
  assert.equal(tab.provider.facts.stop, 'missing')
})
