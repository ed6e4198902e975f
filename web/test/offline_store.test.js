// The copies on a device: what survives, what counts as unsent, what tabs tell each other, and what happens when the
// browser does not store. IndexedDB and the channel are real in behaviour, without a browser.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IDBFactory } from 'fake-indexeddb'
import { Provider } from '../src/sync/provider.js'
import { OfflineStore } from '../src/sync/offline_store.js'
import * as frames from '../src/sync/frames.js'
import { listOnDevice } from '../src/device/library.js'
import { Y, encoding } from '../vendor/core.js'
import { FakeWorld } from './fake_world.js'

const NOTHING = new Uint8Array([0])
const EMPTY = new Uint8Array([0, 0])

/** Channels of one device that deliver when they are told to. */
class Air {
  /** @type {{ name: string, heard: (data: any) => void, isOpen: boolean }[]} */
  ends = []
  /** @type {(() => void)[]} */
  waiting = []
  said = 0
  isBroken = false

  get Channel() {
    const air = this
    return class {
      onmessage = (/** @type {{ data: any }} */ _event) => {}
      /** @param {string} name */
      constructor(name) {
        this.end = { name, heard: (/** @type {any} */ data) => this.onmessage({ data }), isOpen: true }
        air.ends.push(this.end)
      }
      /** @param {any} data */
      postMessage(data) {
        air.said++
        if (air.isBroken) throw new DOMException('broken', 'DataCloneError')
        const copy = structuredClone(data)
        for (const other of air.ends) if (other !== this.end && other.name === this.end.name) air.waiting.push(() => other.isOpen && other.heard(copy))
      }
      close() {
        this.end.isOpen = false
      }
    }
  }

  deliver() {
    while (this.waiting.length > 0) this.waiting.shift()?.()
  }
}

/** One device: what its tabs share. @param {IDBFactory | null} [factory] */
function device(factory = new IDBFactory()) {
  const air = new Air()
  return {
    factory,
    air,
    /** A tab, loaded and not connected. @param {import('node:test').TestContext} t @param {{ channel?: boolean, connect?: boolean }} [how] */
    async tab(t, { channel = true, connect = false } = {}) {
      const world = new FakeWorld()
      const doc = new Y.Doc()
      const store = new OfflineStore({ indexedDB: factory, BroadcastChannel: channel ? air.Channel : null, environment: world.environment, describe: it => ({ title: it.getMap('meta').get('title') }) })
      const provider = new Provider({ server: 'ws://host', name: 'notes', doc, store, environment: world.environment })
      t.after(() => provider.destroy())
      await until(provider, () => provider.facts.storage !== 'opening')
      if (connect) provider.connect()
      return { world, doc, store, provider, text: doc.getText('text'), read: () => doc.getText('text').toString() }
    },
  }
}

/** @param {Provider} provider @param {() => boolean} isSo */
const until = (provider, isSo) => /** @type {Promise<void>} */ (new Promise(resolve => {
  const check = () => isSo() && (stop(), resolve())
  const stop = provider.subscribe(check)
  check()
}))

/** @param {{ epoch: string | null, app?: number, access?: string }} what */
function hello(what) {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 120)
  encoding.writeVarString(encoder, JSON.stringify(what))
  return encoding.toUint8Array(encoder)
}

/** The server's side of a handshake. @param {FakeWorld} world @param {string | null} epoch @param {Y.Doc} [server] */
function handshake(world, epoch, server) {
  world.socket.accept()
  world.socket.deliver(hello({ epoch }))
  world.socket.deliver(frames.stepOne(server ? Y.encodeStateVector(server) : NOTHING))
  world.socket.deliver(frames.stepTwo(server ? Y.encodeStateAsUpdate(server) : EMPTY))
}

/** The server answers every question asked until now. @param {FakeWorld} world */
function confirm(world) {
  world.advance(100)
  const asked = world.socket.take().map(frames.decode)
  for (const message of asked) if (message.type === 'barrier') world.socket.deliver(frames.barrier(message.count))
  return asked
}

/** @param {string} content */
function serverWith(content) {
  const doc = new Y.Doc()
  doc.getText('text').insert(0, content)
  return doc
}

test('what was written is there again, and counts as unsent until the server has it', async t => {
  const here = device()
  const first = await here.tab(t)
  first.text.insert(0, 'abc')
  first.text.delete(0, 1)
  assert.equal(first.provider.facts.unstored, 2)
  await first.provider.flush()
  assert.equal(first.provider.facts.unstored, 0)
  first.provider.destroy()

  const second = await here.tab(t, { connect: true })
  assert.equal(second.read(), 'bc')
  assert.deepEqual([second.provider.facts.unsaved, second.provider.facts.copied], [2, true])
  assert.equal((await second.store.list())[0].unsent, 2)
  handshake(second.world, null)
  assert.equal(second.provider.facts.unsaved, 2)
  confirm(second.world)
  assert.equal(second.provider.facts.unsaved, 0)
  await second.provider.flush()
  assert.equal((await second.store.list())[0].unsent, 0)
})

test('an edit is stored within a tenth of a second', async t => {
  const { provider, text, world } = await device().tab(t)
  text.insert(0, 'a')
  world.advance(100)
  await until(provider, () => provider.facts.unstored === 0)
})

test('a deletion alone is unsent too', async t => {
  const here = device()
  const server = serverWith('abc')
  const first = await here.tab(t, { connect: true })
  handshake(first.world, 'life', server)
  await first.provider.flush()
  first.world.socket.drop(1006)
  first.text.delete(0, 3)
  await first.provider.flush()
  const second = await here.tab(t, { connect: true })
  assert.deepEqual([second.read(), second.provider.facts.unsaved], ['', 1])
  handshake(second.world, 'life', server)
  const sent = confirm(second.world).find(message => message.type === 'step-2')
  assert.ok(sent?.type === 'step-2')
  Y.applyUpdate(server, sent.update)
  assert.equal(server.getText('text').toString(), '')
  assert.equal(second.provider.facts.unsaved, 0)
})

test('after a crash between the sending and the answer an edit is called unsent, once too often at worst', async t => {
  const here = device()
  const first = await here.tab(t, { connect: true })
  handshake(first.world, null)
  first.text.insert(0, 'a')
  await first.provider.flush()
  confirm(first.world)
  assert.equal(first.provider.facts.unsaved, 0)
  // The answer was not stored: the tab is gone.
  const second = await here.tab(t, { channel: false })
  assert.equal(second.provider.facts.unsaved, 1)
})

test('a reopened copy names its life before anything is merged', async t => {
  const here = device()
  const first = await here.tab(t, { connect: true })
  handshake(first.world, 'first life', serverWith('first'))
  await first.provider.flush()
  const second = await here.tab(t, { connect: true })
  assert.match(second.world.socket.url, /&epoch=first%20life$/)
  second.world.socket.accept()
  second.world.socket.drop(4409, 'replaced')
  assert.equal(second.provider.facts.stop, 'replaced')
  assert.equal(second.read(), 'first')
})

test('a document begun offline becomes the one on the server only if there is none', async t => {
  const here = device()
  const first = await here.tab(t)
  first.text.insert(0, 'begun here')
  await first.provider.flush()
  first.provider.destroy()

  const met = await here.tab(t, { connect: true, channel: false })
  met.world.socket.accept()
  met.world.socket.deliver(hello({ epoch: 'of somebody else' }))
  met.world.socket.take()
  met.world.socket.deliver(frames.stepOne(Y.encodeStateVector(serverWith('theirs'))))
  assert.equal(met.provider.facts.stop, 'replaced')
  assert.equal(met.read(), 'begun here')
  assert.deepEqual(met.world.socket.take(), [], 'nothing is told')

  const alone = await here.tab(t, { connect: true, channel: false })
  handshake(alone.world, null)
  assert.equal(alone.provider.facts.stop, null)
  alone.world.socket.deliver(hello({ epoch: 'ours' }))
  confirm(alone.world)
  await alone.provider.flush()
  assert.equal((await alone.store.list())[0].epoch, 'ours')
})

test('edits that became the document although no answer came are recognised', async t => {
  const { world, provider, text, read } = await device().tab(t, { connect: true })
  handshake(world, null)
  text.insert(0, 'mine')
  const server = new Y.Doc()
  Y.applyUpdate(server, Y.encodeStateAsUpdate(provider.doc))
  server.getText('text').insert(4, ' and theirs')
  world.socket.drop(1006)
  text.insert(0, 'all ')
  world.advance(1000)
  handshake(world, 'made of it', server)
  assert.equal(provider.facts.stop, null)
  assert.equal(read(), 'all mine and theirs')
})

test('an epoch that the server may still forget is not held against it', async t => {
  const { world, text } = await device().tab(t, { connect: true })
  handshake(world, null)
  text.insert(0, 'a')
  world.socket.deliver(hello({ epoch: 'young' }))
  world.socket.drop(1006)
  world.advance(1000)
  assert.doesNotMatch(world.socket.url, /epoch/)
  handshake(world, null)
  world.socket.deliver(hello({ epoch: 'second try' }))
  confirm(world)
  world.socket.drop(1006)
  world.advance(1000)
  assert.match(world.socket.url, /epoch=second%20try/)
})

test('two tabs share one copy without loss, and meet without the server', async t => {
  const here = device()
  const [one, two] = [await here.tab(t), await here.tab(t)]
  here.air.deliver()
  one.text.insert(0, 'one')
  here.air.deliver()
  assert.equal(two.read(), 'one')
  two.text.insert(3, ' two')
  here.air.deliver()
  assert.equal(one.read(), 'one two')
  for (const tab of [one, two]) assert.equal(tab.provider.facts.unsaved, 2)
  const said = here.air.said
  here.air.deliver()
  assert.equal(here.air.said, said, 'nobody answers an edit')
  await Promise.all([one.provider.flush(), two.provider.flush()])
  const third = await here.tab(t)
  assert.equal(third.read(), 'one two')
  assert.equal(third.provider.facts.unsaved, 2)

  // One of them reaches the server: then the edits of both are there.
  third.provider.connect()
  handshake(third.world, null)
  confirm(third.world)
  here.air.deliver()
  for (const tab of [one, two, third]) assert.equal(tab.provider.facts.unsaved, 0)
})

test('what another tab wrote is also sent by this one, as that one may be closed', async t => {
  const here = device()
  const [one, two] = [await here.tab(t), await here.tab(t, { connect: true })]
  here.air.deliver()
  handshake(two.world, null)
  confirm(two.world)
  one.text.insert(0, 'from one')
  here.air.deliver()
  assert.ok(confirm(two.world).some(message => message.type === 'update'))
  assert.equal(two.provider.facts.unsaved, 0)
})

test('an edit that builds on what this tab lacks is not called saved before this tab has sent it', async t => {
  const here = device()
  const server = serverWith('begun')
  const [one, two] = [await here.tab(t, { connect: true }), await here.tab(t, { connect: true })]
  for (const tab of [one, two]) handshake(tab.world, 'life', server)
  here.air.deliver()
  two.world.socket.take()
  server.getText('text').insert(5, ' by others')
  const late = frames.change(Y.encodeStateAsUpdate(server))
  one.world.socket.deliver(late)
  one.world.socket.drop(1006)
  one.text.insert(15, ', and by me')
  // Not all of what is said between tabs arrives: only the edit, which cannot be merged yet.
  here.air.waiting.shift()?.()
  here.air.waiting.splice(0)
  assert.equal(two.read(), 'begun')
  here.air.waiting.splice(0)
  assert.equal(two.provider.facts.unsaved, 0, 'nothing that it answers for')

  two.world.socket.deliver(late)
  assert.equal(two.read(), 'begun by others, and by me')
  const sent = two.world.socket.take().map(frames.decode)
  const known = new Y.Doc()
  Y.applyUpdate(known, Y.encodeStateAsUpdate(server))
  for (const message of sent) if (message.type === 'update' || message.type === 'step-2') Y.applyUpdate(known, message.update)
  assert.equal(known.getText('text').toString(), two.read(), 'the server has it too')
})

test('a tab that missed an edit of another asks for everything before it answers for any', async t => {
  const here = device()
  const [one, two] = [await here.tab(t), await here.tab(t, { connect: true })]
  one.text.insert(0, 'abc')
  here.air.deliver()
  handshake(two.world, null)
  confirm(two.world)
  here.air.deliver()
  one.text.delete(0, 1)
  here.air.waiting.splice(0)
  one.text.insert(2, '!')
  here.air.waiting.shift()?.()
  assert.equal(two.read(), 'abc!')
  confirm(two.world)
  assert.equal(two.provider.facts.unsaved, 0, 'nothing that it answers for')
  here.air.deliver()
  assert.equal(two.read(), 'bc!')
  assert.equal(two.provider.facts.unsaved, 2)
  confirm(two.world)
  here.air.deliver()
  assert.equal(one.provider.facts.unsaved, 0)
})

test('what a tab says of its marks is no edit that another tab has', async t => {
  const here = device()
  const [one, two] = [await here.tab(t), await here.tab(t)]
  here.air.deliver()
  one.text.insert(0, 'missed')
  here.air.waiting.splice(0)
  one.provider.connect()
  handshake(one.world, null)
  here.air.deliver()
  assert.equal(two.read(), '')
  assert.equal(two.provider.facts.unsaved, 0)
})

test('an edit that other tabs cannot be told of is stored and sent', async t => {
  t.mock.method(console, 'error', () => {})
  const here = device()
  const one = await here.tab(t, { connect: true })
  handshake(one.world, null)
  confirm(one.world)
  here.air.isBroken = true
  one.text.insert(0, 'a')
  here.air.isBroken = false
  assert.ok(confirm(one.world).some(message => message.type === 'update'))
  await one.provider.flush()
  assert.equal((await here.tab(t)).read(), 'a')
})

test('tabs of different lives tell each other nothing', async t => {
  const here = device()
  const one = await here.tab(t, { connect: true })
  handshake(one.world, 'first', serverWith('first'))
  const two = await here.tab(t, { connect: true })
  handshake(two.world, 'second', serverWith('second'))
  here.air.deliver()
  one.text.insert(0, '1')
  two.text.insert(0, '2')
  here.air.deliver()
  assert.deepEqual([one.read(), two.read()], ['1first', '2second'])
})

test('presence reaches the other tab, and stays when the connection goes', async t => {
  const here = device()
  const [one, two] = [await here.tab(t), await here.tab(t, { connect: true })]
  handshake(two.world, null)
  one.provider.awareness.setLocalStateField('user', { name: 'Ada' })
  here.air.deliver()
  const seen = () => two.provider.awareness.getStates().get(one.doc.clientID)?.user.name
  assert.equal(seen(), 'Ada')
  two.world.socket.drop(1006)
  assert.equal(seen(), 'Ada')
})

test('many rows become one, with those of other tabs', async t => {
  const here = device()
  const [one, two] = [await here.tab(t, { channel: false }), await here.tab(t, { channel: false })]
  two.text.insert(0, 'two')
  await two.provider.flush()
  for (let i = 0; i < 120; i++) {
    one.text.insert(0, 'x')
    await one.provider.flush()
  }
  const before = await rows(here.factory)
  one.world.advance(2000)
  await one.provider.flush()
  await settledRows(here.factory)
  assert.ok(before > 100)
  const third = await here.tab(t)
  assert.equal([...third.read()].sort().join(''), [...`two${'x'.repeat(120)}`].sort().join(''))
  assert.equal(third.provider.facts.unsaved, 121)
})

test('a browser without storage is no obstacle, and the truth is told', async t => {
  for (const factory of [null, /** @type {any} */ ({ open: () => { throw new DOMException('no', 'SecurityError') } })]) {
    const { provider, text, world } = await device(factory).tab(t, { connect: true })
    assert.equal(provider.facts.storage, 'refused')
    handshake(world, null)
    text.insert(0, 'a')
    assert.deepEqual([provider.facts.unsaved, provider.facts.unstored], [1, 1])
    confirm(world)
    assert.equal(provider.facts.unsaved, 0)
  }
})

test('storage that does not open is not waited for', async t => {
  const world = new FakeWorld()
  const store = new OfflineStore({ indexedDB: /** @type {any} */ ({ open: () => ({}) }), BroadcastChannel: null, environment: world.environment })
  const provider = new Provider({ server: 'ws://host', name: 'notes', doc: new Y.Doc(), store, environment: world.environment })
  t.after(() => provider.destroy())
  provider.connect()
  assert.equal(world.sockets.length, 0)
  world.advance(3000)
  await until(provider, () => provider.facts.storage === 'slow')
  await until(provider, () => world.sockets.length === 1)
  provider.doc.getText('text').insert(0, 'a')
  assert.deepEqual([provider.facts.unsaved, provider.facts.unstored], [1, 1])
})

/** A device whose storage opens when it is told to. */
function slowDevice() {
  const factory = new IDBFactory()
  /** @type {(() => void)[]} */
  const opening = []
  let isSlow = false
  const open = (/** @type {[string, number]} */ ...asked) => {
    if (!isSlow) return factory.open(...asked)
    const late = /** @type {any} */ ({})
    opening.push(() => {
      const real = /** @type {any} */ (factory.open(...asked))
      for (const sign of ['onupgradeneeded', 'onsuccess', 'onerror']) real[sign] = (/** @type {unknown} */ event) => ((late.result = real.result), late[sign]?.(event))
    })
    return late
  }
  return {
    ...device(/** @type {any} */ ({ open })),
    becomesSlow: () => (isSlow = true),
    isQuickAgain: () => (isSlow = false),
    opens() {
      isSlow = false
      opening.splice(0).forEach(run => run())
    },
  }
}

/** A tab on a device that has become slow, which has given up waiting. @param {import('node:test').TestContext} t @param {ReturnType<typeof slowDevice>} home @param {boolean} [channel] */
async function impatientTab(t, home, channel = false) {
  home.becomesSlow()
  const world = new FakeWorld()
  const doc = new Y.Doc()
  const store = new OfflineStore({ indexedDB: /** @type {any} */ (home.factory), BroadcastChannel: channel ? home.air.Channel : null, environment: world.environment })
  const provider = new Provider({ server: 'ws://host', name: 'notes', doc, store, environment: world.environment })
  t.after(() => provider.destroy())
  provider.connect()
  world.advance(3000)
  await until(provider, () => provider.facts.storage === 'slow')
  return { world, provider, read: () => doc.getText('text').toString(), doc }
}

/** A device that has a copy with an edit which the server lacks. @param {import('node:test').TestContext} t */
async function deviceWithDraft(t) {
  const home = slowDevice()
  const { world, provider, text } = await home.tab(t, { channel: false, connect: true })
  const server = serverWith('of all ')
  handshake(world, 'e1', server)
  text.insert(text.length, 'mine')
  await provider.flush()
  provider.destroy()
  return { home, server }
}

test('a copy that comes late is shown, and its unsent edits are sent', async t => {
  const { home } = await deviceWithDraft(t)
  const { world, provider, read } = await impatientTab(t, home)
  assert.deepEqual([provider.facts.copied, read()], [false, ''])
  home.opens()
  await until(provider, () => provider.facts.storage === 'kept')
  assert.deepEqual([provider.facts.copied, read(), provider.facts.unsaved], [true, 'of all mine', 1])
  world.advance(60_000)
  assert.match(world.socket.url, /epoch=e1/)
})

test('a copy that comes late is merged into the document that the server has sent by then', async t => {
  const { home, server } = await deviceWithDraft(t)
  const { world, provider, read } = await impatientTab(t, home)
  handshake(world, 'e1', server)
  assert.deepEqual([read(), provider.facts.unsaved], ['of all ', 0])
  world.socket.take()
  home.opens()
  await until(provider, () => provider.facts.storage === 'kept')
  assert.deepEqual([read(), provider.facts.unsaved], ['of all mine', 1])
  world.advance(60_000)
  handshake(world, 'e1', server)
  assert.ok(confirm(world).some(message => 'update' in message && message.update.length > 2))
  assert.equal(provider.facts.unsaved, 0)
})

test('a copy that comes late is not mixed into another document', async t => {
  const { home } = await deviceWithDraft(t)
  const { world, provider, read } = await impatientTab(t, home)
  handshake(world, 'e2', serverWith('another'))
  home.opens()
  await until(provider, () => provider.facts.storage === 'refused')
  assert.equal(read(), 'another')
  const [kept] = await new OfflineStore({ indexedDB: /** @type {any} */ (home.factory), BroadcastChannel: null }).list()
  assert.deepEqual([kept.epoch, kept.unsent], ['e1', 1])
})

test('a late copy of a document that the server does not have is not made anew there', async t => {
  const { home } = await deviceWithDraft(t)
  const { world, provider } = await impatientTab(t, home)
  handshake(world, null)
  world.socket.take()
  home.opens()
  await until(provider, () => provider.facts.storage === 'kept')
  assert.deepEqual(world.socket.take(), [])
  world.advance(60_000)
  world.socket.accept()
  world.socket.deliver(hello({ epoch: null }))
  assert.equal(provider.facts.stop, 'replaced')
})

test('a draft that comes late is not mixed with what others have begun under its name, now or on the next page', async t => {
  const home = slowDevice()
  const first = await home.tab(t, { channel: false })
  for (let edit = 0; edit < 120; edit++) {
    first.text.insert(first.text.length, 'draft ')
    await first.provider.flush()
  }
  first.provider.destroy()
  const { world, provider, doc } = await impatientTab(t, home)
  handshake(world, 'e1', serverWith('of others '))
  home.opens()
  await until(provider, () => provider.facts.storage === 'refused')
  doc.getText('text').insert(0, 'typed ')
  for (let times = 0; times < 5; times++) {
    await provider.flush()
    world.advance(6000)
  }
  assert.deepEqual([provider.facts.storage, provider.facts.unstored], ['refused', 1])
  await provider.dropCopy()
  const next = await home.tab(t, { channel: false })
  assert.deepEqual([next.read(), next.provider.facts.unsaved], ['draft '.repeat(120), 120])
})

test('a draft that comes late does not go into what somebody else has begun since we asked', async t => {
  const home = slowDevice()
  const first = await home.tab(t, { channel: false })
  first.text.insert(0, 'draft')
  await first.provider.flush()
  first.provider.destroy()
  const { world, provider, read, doc } = await impatientTab(t, home)
  handshake(world, null)
  world.socket.deliver(hello({ epoch: 'e9' }))
  world.socket.deliver(frames.change(Y.encodeStateAsUpdate(serverWith('of somebody else'))))
  home.opens()
  await until(provider, () => provider.facts.storage === 'refused')
  assert.equal(read(), 'of somebody else')
  doc.getText('text').insert(0, 'typed ')
  await provider.flush()
  provider.destroy()
  const next = await home.tab(t, { channel: false })
  assert.equal(next.read(), 'draft')
})

test('a tab that waits for the storage does not say that it has kept an edit', async t => {
  const home = slowDevice()
  const quick = await home.tab(t, { connect: true })
  const server = serverWith('of all ')
  handshake(quick.world, 'e1', server)
  await quick.provider.flush()
  const { world, doc } = await impatientTab(t, home, true)
  handshake(world, 'e1', server)
  home.air.deliver()
  doc.getText('text').insert(0, 'new ')
  home.air.deliver()
  assert.equal(quick.read(), 'new of all ')
  await quick.provider.flush()
  quick.provider.destroy()
  home.isQuickAgain()
  const next = await home.tab(t, { channel: false })
  assert.deepEqual([next.read(), next.provider.facts.unsaved], ['new of all ', 1])
})

test('what is written before the storage opens is stored when it does', async t => {
  const home = slowDevice()
  const { world, provider, doc } = await impatientTab(t, home)
  handshake(world, 'e1', serverWith('of all '))
  doc.getText('text').insert(0, 'new ')
  assert.equal(provider.facts.unstored, 1)
  home.opens()
  await until(provider, () => provider.facts.storage === 'kept')
  await provider.flush()
  assert.equal(provider.facts.unstored, 0)
  const again = await home.tab(t, { channel: false })
  assert.equal(again.read(), 'new of all ')
})

test('while the disk is full edits stay in the tab, and are stored when it no longer is', async t => {
  const factory = new IDBFactory()
  const here = device(factory)
  const { provider, text, world, store } = await here.tab(t)
  t.mock.method(console, 'error', () => {})
  let isFull = true
  const prototype = Object.getPrototypeOf(await putOf(factory))
  const original = prototype.put
  const fails = t.mock.method(prototype, 'put', /** @this {any} @param {any[]} values */ function (...values) {
    if (isFull) throw new DOMException('full', 'QuotaExceededError')
    return original.apply(this, values)
  })
  text.insert(0, 'a')
  await provider.flush()
  assert.deepEqual([provider.facts.storage, provider.facts.unstored], ['refused', 1])
  text.insert(1, 'b')
  await provider.flush()
  assert.equal(provider.facts.unstored, 2)
  isFull = false
  world.advance(5000)
  await until(provider, () => provider.facts.storage === 'kept')
  assert.equal(provider.facts.unstored, 0)
  fails.mock.restore()
  assert.equal((await store.list())[0].unsent, 2)
  assert.equal((await here.tab(t)).read(), 'ab')
})

test('a write that does not fit takes the room of copies that the server has', async t => {
  const factory = new IDBFactory()
  const here = device(factory)
  const world = new FakeWorld()
  const store = new OfflineStore({ indexedDB: factory, BroadcastChannel: null, environment: world.environment })
  const other = new Provider({ server: 'ws://host', name: 'other', doc: new Y.Doc(), store, environment: world.environment })
  t.after(() => other.destroy())
  await until(other, () => other.facts.storage !== 'opening')
  other.connect()
  handshake(world, 'life', serverWith('saved'))
  await other.flush()
  const { provider, text } = await here.tab(t)
  const prototype = Object.getPrototypeOf(await putOf(factory))
  const original = prototype.put
  let failures = 0
  t.mock.method(prototype, 'put', /** @this {any} @param {any[]} values */ function (...values) {
    if (failures++ === 0) throw new DOMException('full', 'QuotaExceededError')
    return original.apply(this, values)
  })
  text.insert(0, 'a')
  await provider.flush()
  assert.deepEqual([provider.facts.storage, provider.facts.unstored], ['kept', 0])
  assert.deepEqual((await store.list()).map(({ name }) => name), ['notes'])
})

test('a copy that was deleted under a tab is written again whole', async t => {
  const here = device()
  const { provider, text, store } = await here.tab(t)
  text.insert(0, 'kept')
  await provider.flush()
  await store.forget('notes')
  text.insert(4, '!')
  await provider.flush()
  assert.equal((await here.tab(t)).read(), 'kept!')
})

test('a copy that was given up stays so, in all tabs', async t => {
  const here = device()
  const [one, two] = [await here.tab(t), await here.tab(t)]
  one.text.insert(0, 'mine')
  here.air.deliver()
  await one.provider.dropCopy()
  here.air.deliver()
  assert.equal(two.provider.facts.stop, 'replaced')
  two.text.insert(0, 'late')
  await two.provider.flush()
  assert.deepEqual(await one.store.list(), [])
})

test('whoever gives an old copy up leaves the one alone that was made since', async t => {
  const here = device()
  const [old, stale] = [await here.tab(t, { connect: true }), await here.tab(t, { connect: true })]
  for (const tab of [old, stale]) handshake(tab.world, 'first', serverWith('first'))
  here.air.deliver()
  for (const tab of [old, stale]) await tab.provider.flush()
  await old.provider.dropCopy()
  const fresh = await here.tab(t, { connect: true })
  handshake(fresh.world, 'second', serverWith('second'))
  fresh.text.insert(0, 'unsent ')
  await fresh.provider.flush()
  await stale.provider.dropCopy()
  here.air.deliver()
  assert.equal(fresh.provider.facts.stop, null)
  assert.deepEqual((await fresh.store.list()).map(({ epoch, unsent }) => [epoch, unsent]), [['second', 1]])
})

test('rows of a copy that was made anew are not taken for those of the one before', async t => {
  const here = device()
  const [one, two] = [await here.tab(t, { channel: false }), await here.tab(t, { channel: false })]
  for (let i = 0; i < 5; i++) {
    one.text.insert(0, 'x')
    await one.provider.flush()
  }
  await one.store.forget('notes')
  two.text.insert(0, 'two')
  await two.provider.flush()
  for (let i = 0; i < 120; i++) {
    one.text.insert(0, 'x')
    await one.provider.flush()
  }
  one.world.advance(2000)
  await one.provider.flush()
  await settledRows(here.factory)
  assert.match((await here.tab(t)).read(), /two/)
})

test('a tab that makes its copy twice makes two', async t => {
  const here = device()
  const one = await here.tab(t, { channel: false })
  one.text.insert(0, 'a')
  await one.provider.flush()
  const two = await here.tab(t, { channel: false })
  two.text.insert(1, 'b')
  await two.provider.flush()
  await one.store.forget('notes')
  one.text.insert(0, 'c')
  await one.provider.flush()
  two.text.insert(2, 'd')
  await two.provider.flush()
  assert.equal([...(await here.tab(t)).read()].sort().join(''), 'abcd')
})

test('old and many copies are given up, never one with unsent edits', async t => {
  const factory = new IDBFactory()
  const world = new FakeWorld()
  const store = new OfflineStore({ indexedDB: factory, BroadcastChannel: null, environment: world.environment })
  const write = async (/** @type {string} */ name, /** @type {boolean} */ isSaved) => {
    const doc = new Y.Doc()
    const provider = new Provider({ server: 'ws://host', name, doc, store, environment: world.environment })
    t.after(() => provider.destroy())
    await until(provider, () => provider.facts.storage !== 'opening')
    provider.connect()
    handshake(world, 'life')
    doc.getText('text').insert(0, 'x'.repeat(1000))
    if (isSaved) confirm(world)
    await provider.flush()
    world.advance(1000)
  }
  await write('unsent', false)
  await write('old', true)
  assert.deepEqual(await store.evict(), [])
  world.now += 80 * 86_400_000
  await write('newer', true)
  await write('newest', true)
  world.now += 11 * 86_400_000
  assert.deepEqual(await store.evict(), ['old'])
  assert.deepEqual(await store.evict(1000, 'newest'), ['newer'])
  assert.deepEqual((await store.list()).map(({ name }) => name), ['newest', 'unsent'])
})

test('a list of this device holds what is unsent, also when nobody remembers opening it', async t => {
  const here = device()
  const { provider, doc, text, store } = await here.tab(t)
  doc.getMap('meta').set('title', 'Plan')
  text.insert(0, 'a')
  await provider.flush()
  const listed = await listOnDevice(store, [{ name: 'other', at: 5, title: 'Other' }])
  assert.deepEqual(listed.map(({ name, title, isUnsent, isHere }) => [name, title, isUnsent, isHere]), [['notes', 'Plan', true, true], ['other', 'Other', false, false]])
  const refused = new OfflineStore({ indexedDB: null })
  assert.deepEqual((await listOnDevice(refused, [{ name: 'other', at: 5 }])).length, 1)
})

test('a page older than the server’s own sends nothing and keeps everything', async t => {
  const world = new FakeWorld()
  const doc = new Y.Doc()
  const provider = new Provider({ server: 'ws://host', name: 'notes', doc, app: 1, environment: world.environment })
  t.after(() => provider.destroy())
  provider.connect()
  doc.getText('text').insert(0, 'a')
  world.socket.accept()
  world.socket.take()
  world.socket.deliver(hello({ epoch: null, app: 2 }))
  world.socket.deliver(frames.stepOne(NOTHING))
  assert.deepEqual([provider.facts.stop, provider.facts.unsaved, world.socket.take().length], ['outdated', 1, 0])
})

/** @param {IDBFactory | null} factory @returns {Promise<any>} */
const open = factory => new Promise(resolve => {
  const asked = /** @type {IDBFactory} */ (factory).open('coscribe')
  asked.onsuccess = () => resolve(asked.result)
})

/** @param {IDBFactory} factory */
const putOf = async factory => (await open(factory)).transaction('updates', 'readwrite').objectStore('updates')

/** @param {IDBFactory | null} factory @returns {Promise<number>} */
async function rows(factory) {
  const asked = (await open(factory)).transaction('updates').objectStore('updates').count()
  return new Promise(resolve => (asked.onsuccess = () => resolve(asked.result)))
}

/** @param {IDBFactory | null} factory */
async function settledRows(factory) {
  while ((await rows(factory)) !== 1) await new Promise(resolve => setImmediate(resolve))
}
