// The connection of one document: handshake, what counts as saved, coming back, giving up.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Provider } from '../src/sync/provider.js'
import { SWITCHES } from '../src/sync/ways.js'
import * as frames from '../src/sync/frames.js'
import { Y, awareness as protocol, encoding } from '../vendor/core.js'
import { FakeWorld } from './fake_world.js'

const EMPTY = new Uint8Array([0, 0])
const NOTHING = new Uint8Array([0])

/** A page that has just opened a document. @param {import('node:test').TestContext} t @param {string} [name] */
function open(t, name = 'notes') {
  const world = new FakeWorld()
  const doc = new Y.Doc()
  const provider = new Provider({ server: 'ws://host', name, doc, environment: world.environment })
  t.after(() => provider.destroy())
  provider.connect()
  return { world, doc, provider, text: doc.getText('text') }
}

/** The server's side of a handshake: it has `state`. @param {FakeWorld} world @param {Uint8Array} [state] @param {Uint8Array} [vector] */
function handshake(world, state = EMPTY, vector = NOTHING) {
  world.socket.accept()
  world.socket.deliver(frames.stepOne(vector))
  world.socket.deliver(frames.stepTwo(state))
}

/** What was sent since the last call, decoded. @param {FakeWorld} world */
const taken = world => world.socket.take().map(frames.decode)
/** @param {FakeWorld} world @param {string} type */
const takenOf = (world, type) => taken(world).filter(message => message.type === type)

/** @param {string | null} epoch @param {object} [more] */
function hello(epoch, more) {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 120)
  encoding.writeVarString(encoder, JSON.stringify({ epoch, ...more }))
  return encoding.toUint8Array(encoder)
}

/** @param {string} content */
function stateWith(content) {
  const doc = new Y.Doc()
  doc.getText('text').insert(0, content)
  return Y.encodeStateAsUpdate(doc)
}

test('the address holds the document encoded once, and the epoch as soon as one is known', t => {
  const { world } = open(t, 'a/ö ?')
  assert.equal(world.socket.url, 'ws://host/ws/a%2F%C3%B6%20%3F?coscribe=1')
  world.socket.accept()
  world.socket.deliver(hello(null))
  world.socket.drop(1006)
  world.advance(1000)
  assert.equal(world.socket.url, 'ws://host/ws/a%2F%C3%B6%20%3F?coscribe=1')
  world.socket.accept()
  world.socket.deliver(hello('e 1'))
  world.socket.drop(1006)
  world.advance(1000)
  assert.equal(world.socket.url, 'ws://host/ws/a%2F%C3%B6%20%3F?coscribe=1&epoch=e%201')
})

test('an edit is saved when the server has echoed the question asked after it, and not before', t => {
  const { world, provider, text } = open(t)
  handshake(world)
  text.insert(0, 'a')
  assert.equal(provider.facts.unsaved, 1)
  world.advance(79)
  assert.equal(takenOf(world, 'barrier').length, 0)
  world.advance(1)
  assert.deepEqual(takenOf(world, 'barrier'), [{ type: 'barrier', count: 1 }])
  text.insert(1, 'b')
  world.socket.deliver(frames.barrier(1))
  assert.equal(provider.facts.unsaved, 1)
  assert.equal(provider.facts.savedAt, null)
  world.advance(80)
  world.socket.deliver(frames.barrier(2))
  assert.equal(provider.facts.unsaved, 0)
  assert.equal(provider.facts.savedAt, world.now)
})

test('an answer to a question that was not asked on this connection confirms nothing', t => {
  const { world, provider, text } = open(t)
  handshake(world)
  text.insert(0, 'a')
  world.socket.deliver(frames.barrier(1))
  world.socket.deliver(frames.barrier(99))
  assert.equal(provider.facts.unsaved, 1)
  world.advance(100)
  const old = world.socket
  old.drop(1006)
  world.advance(1000)
  old.deliver(frames.barrier(1))
  world.socket.accept()
  world.socket.deliver(frames.barrier(1))
  assert.equal(provider.facts.unsaved, 1)
})

test('edits made without a connection go out in the handshake, and only then is the server asked', t => {
  const { world, provider, text, doc } = open(t)
  handshake(world)
  world.socket.drop(1006)
  text.insert(0, 'offline')
  assert.equal(provider.facts.unsaved, 1)
  world.advance(1000)
  world.socket.accept()
  world.advance(500)
  text.insert(7, '!')
  world.advance(500)
  provider.probe()
  const early = taken(world).map(message => message.type)
  assert.ok(!early.includes('barrier') && !early.includes('update'), `too early: ${early}`)

  world.socket.deliver(frames.stepOne(NOTHING))
  const [answer] = takenOf(world, 'step-2')
  assert.ok(answer.type === 'step-2')
  const server = new Y.Doc()
  Y.applyUpdate(server, answer.update)
  assert.equal(server.getText('text').toString(), 'offline!')
  world.advance(80)
  const [question] = takenOf(world, 'barrier')
  assert.ok(question.type === 'barrier')
  world.socket.deliver(frames.barrier(question.count))
  assert.equal(provider.facts.unsaved, 0)
  assert.equal(doc.getText('text').toString(), 'offline!')
})

test('content that the server lost counts as unsaved until it has it again', t => {
  const { world, provider, text } = open(t)
  handshake(world)
  text.insert(0, 'kept')
  world.advance(100)
  world.socket.deliver(frames.barrier(1))
  world.socket.drop(1006)
  world.advance(1000)
  handshake(world)
  assert.equal(provider.facts.unsaved, 1)
})

test('a handshake with a server that has everything adds nothing to save, also after deletions', t => {
  const { world, provider, doc, text } = open(t)
  handshake(world)
  text.insert(0, 'abc')
  text.delete(0, 2)
  world.advance(100)
  world.socket.deliver(frames.barrier(2))
  for (let i = 0; i < 3; i++) {
    world.socket.drop(1006)
    world.advance(5000)
    handshake(world, EMPTY, Y.encodeStateVector(doc))
  }
  assert.equal(provider.facts.unsaved, 0)
})

test("others' edits are merged and never count as ours", t => {
  const { world, provider, text } = open(t)
  handshake(world, stateWith('hello'))
  assert.equal(text.toString(), 'hello')
  assert.equal(provider.facts.unsaved, 0)
  assert.equal(takenOf(world, 'update').length, 0)
  assert.equal(provider.facts.loaded, true)
})

test('whoever starts to observe the document when it is loaded is told nothing twice', t => {
  const { world, provider, text } = open(t)
  let events = 0
  const stop = provider.subscribe(() => {
    if (!provider.facts.loaded) return
    stop()
    assert.equal(text.toString(), 'hello')
    text.observe(() => events++)
  })
  handshake(world, stateWith('hello'))
  assert.equal(events, 0)
})

test('an error of whoever listens reaches neither the document nor who else listens', t => {
  const { provider, text } = open(t)
  t.mock.method(console, 'error', () => {})
  let told = 0
  provider.subscribe(() => assert.fail('a listener’s own trouble'))
  provider.subscribe(() => void told++)
  text.insert(0, 'a')
  assert.ok(told > 0)
})

test('what could not be handed to the connection goes out with the next one, and is not saved before', t => {
  const { world, provider, text } = open(t)
  handshake(world)
  taken(world)
  world.socket.send = () => assert.fail('no room in the buffer')
  text.insert(0, 'abc')
  assert.equal(world.socket.readyState, 3)
  assert.equal(provider.facts.unsaved, 1)
  world.advance(1000)
  handshake(world)
  const [answer] = takenOf(world, 'step-2')
  const there = new Y.Doc()
  if (answer?.type === 'step-2') Y.applyUpdate(there, answer.update)
  assert.equal(there.getText('text').toString(), 'abc')
})

test('an edit that fails on its way out goes with the next handshake, and those after it are told of', t => {
  t.mock.method(console, 'error', () => {})
  const { world, provider, text } = open(t)
  handshake(world)
  taken(world)
  const { clock } = world
  world.clock = () => {
    world.clock = clock
    assert.fail('no time')
  }
  text.insert(0, 'a')
  text.insert(1, 'b')
  world.advance(1000)
  handshake(world)
  assert.ok(provider.facts.unsaved > 0)
  const [answer] = takenOf(world, 'step-2')
  const there = new Y.Doc()
  if (answer?.type === 'step-2') Y.applyUpdate(there, answer.update)
  assert.equal(there.getText('text').toString(), 'ab')
  text.insert(2, 'c')
  assert.equal(takenOf(world, 'update').length, 1)
})

test('after its end a provider ignores the document', t => {
  const { world, provider, text } = open(t)
  handshake(world)
  provider.destroy()
  text.insert(0, 'a')
  world.advance(1000)
  assert.equal(provider.facts.unsaved, 0)
})

test('under steady typing the age of the oldest unsaved edit is measured, not of the first ever', t => {
  const { world, provider, text } = open(t)
  handshake(world)
  for (let i = 0; i < 200; i++) {
    text.insert(0, 'x')
    world.advance(100)
    const [question] = takenOf(world, 'barrier')
    text.insert(0, 'y')
    if (question?.type === 'barrier') world.socket.deliver(frames.barrier(question.count))
    const { unsavedSince } = provider.facts
    assert.ok(unsavedSince !== null && world.now - unsavedSince < 500)
  }
})

test('the wait between attempts doubles up to ten seconds, with jitter, and restarts after a success', t => {
  const { world } = open(t)
  world.random = 0
  const waits = []
  for (let i = 0; i < 8; i++) {
    const count = world.sockets.length
    world.socket.drop(1006)
    let waited = 0
    while (world.sockets.length === count) {
      world.advance(25)
      waited += 25
    }
    waits.push(waited)
  }
  assert.deepEqual(waits, [125, 250, 500, 1000, 2000, 4000, 5000, 5000])
  handshake(world)
  const count = world.sockets.length
  world.socket.drop(1006)
  world.advance(125)
  assert.equal(world.sockets.length, count + 1)
})

test('a server that accepts and hangs up at once is not asked faster and faster', t => {
  const { world } = open(t)
  for (let i = 0; i < 6; i++) {
    world.socket.accept()
    world.socket.drop(1011)
    world.advance(10_000)
  }
  const count = world.sockets.length
  world.socket.drop(1011)
  world.advance(3000)
  assert.equal(world.sockets.length, count)
})

test('coming back online connects at once', t => {
  const { world, provider } = open(t)
  for (let i = 0; i < 6; i++) {
    world.socket.drop(1006)
    world.advance(10_000)
  }
  world.socket.drop(1006)
  const count = world.sockets.length
  provider.probe()
  assert.equal(world.sockets.length, count + 1)
})

test('thirty seconds of silence mean that the server is gone; five after a probe', t => {
  const { world, provider } = open(t)
  handshake(world)
  world.advance(29_999)
  world.socket.deliver(frames.presence(new Uint8Array([0])))
  world.advance(29_999)
  assert.equal(provider.facts.lostAt, null)
  world.advance(1)
  assert.equal(provider.facts.lostAt, world.now)
  world.advance(1000)
  handshake(world)
  provider.probe()
  world.advance(5000)
  assert.notEqual(provider.facts.lostAt, null)
})

test('what a retry cannot fix stops the attempts and says why; anything else is retried', t => {
  const stops = { 4400: 'refused', 4401: 'sign-in', 4403: 'denied', 4404: 'missing', 4409: 'replaced', 4413: 'too-large' }
  for (const [code, stop] of Object.entries(stops)) {
    const { world, provider } = open(t)
    world.socket.accept()
    world.socket.drop(Number(code), 'because')
    world.advance(60_000)
    provider.probe()
    assert.equal(world.sockets.length, 1, `attempts after ${code}`)
    assert.equal(provider.facts.stop, stop)
    assert.equal(provider.facts.reason, 'because')
  }
  const { world, provider } = open(t)
  world.socket.accept()
  world.socket.drop(4404, 'this document is in the bin')
  assert.equal(provider.facts.stop, 'in-bin')
  for (const code of [1000, 1001, 1006, 1011, 1012, 1013, 4408, 4429, 4500]) {
    const { world, provider } = open(t)
    world.socket.accept()
    world.socket.drop(code)
    world.advance(code === 4429 ? 5000 : 3000)
    assert.equal(world.sockets.length, 2, `attempts after ${code}`)
    assert.equal(provider.facts.stop, null)
    assert.equal(provider.facts.restarting, code === 1012)
  }
})

test('another life of the document is never merged with this one', t => {
  const { world, provider, text } = open(t)
  world.socket.accept()
  world.socket.deliver(hello('first'))
  world.socket.deliver(frames.stepOne(NOTHING))
  world.socket.deliver(frames.stepTwo(stateWith('mine')))
  world.socket.drop(1006)
  world.advance(1000)
  world.socket.accept()
  world.socket.deliver(hello('second'))
  world.socket.deliver(frames.stepTwo(stateWith('theirs')))
  assert.equal(provider.facts.stop, 'replaced')
  assert.equal(text.toString(), 'mine')
})

test("while an input method composes, others' edits wait, and arrive as one", t => {
  const { world, provider, doc, text } = open(t)
  handshake(world, stateWith('-'))
  let transactions = 0
  doc.on('afterTransaction', () => transactions++)
  const server = new Y.Doc()
  Y.applyUpdate(server, Y.encodeStateAsUpdate(doc))
  server.on('update', update => world.socket.deliver(frames.change(update)))
  provider.hold()
  server.getText('text').insert(0, 'a')
  server.getText('text').insert(0, 'b')
  assert.equal(text.toString(), '-')
  provider.release()
  assert.equal(text.toString(), 'ba-')
  assert.equal(transactions, 1)

  provider.hold()
  server.getText('text').insert(0, 'c')
  world.advance(3000)
  assert.equal(text.toString(), 'cba-')
  provider.hold()
  for (let i = 0; i < 200; i++) server.getText('text').insert(0, '.')
  assert.equal(text.length, 204)
})

test('an update that cannot be merged asks for everything again, and a second one for a new connection', t => {
  t.mock.method(console, 'error', () => {})
  const { world, provider } = open(t)
  handshake(world)
  world.socket.take()
  world.socket.deliver(frames.change(new Uint8Array([9, 9, 9])))
  assert.deepEqual(taken(world).map(message => message.type), ['step-1'])
  world.socket.deliver(frames.change(new Uint8Array([9, 9, 9])))
  assert.notEqual(provider.facts.lostAt, null)
  world.advance(1000)
  assert.equal(world.sockets.length, 2)
})

test('a caret that moves fast is published every 60 ms in its newest place, a leave at once', t => {
  const { world, provider } = open(t)
  handshake(world)
  world.advance(1000)
  taken(world)
  const others = new protocol.Awareness(new Y.Doc())
  t.after(() => others.destroy())
  const seen = () => {
    const sent = takenOf(world, 'awareness')
    for (const message of sent) if (message.type === 'awareness') protocol.applyAwarenessUpdate(others, message.update, null)
    return { messages: sent.length, state: others.getStates().get(provider.awareness.clientID) }
  }
  for (let at = 1; at <= 10; at++) provider.awareness.setLocalStateField('at', at)
  assert.deepEqual(seen(), { messages: 1, state: { at: 1 } })
  world.advance(60)
  assert.deepEqual(seen(), { messages: 1, state: { at: 10 } })
  provider.awareness.setLocalState(null)
  assert.deepEqual(seen(), { messages: 1, state: undefined })
})

test('when the connection is lost, nobody else counts as here', t => {
  const { world, provider } = open(t)
  const other = new protocol.Awareness(new Y.Doc())
  t.after(() => other.destroy())
  other.setLocalStateField('user', { name: 'Mia' })
  handshake(world)
  world.socket.deliver(frames.presence(protocol.encodeAwarenessUpdate(other, [other.clientID])))
  assert.equal(provider.awareness.getStates().size, 2)
  world.socket.drop(1006)
  assert.equal(provider.awareness.getStates().size, 1)
})

test('when only the way to the server changes, nobody goes and nothing is lost', t => {
  const { world, provider } = open(t)
  const other = new protocol.Awareness(new Y.Doc())
  t.after(() => other.destroy())
  other.setLocalStateField('user', { name: 'Mia' })
  handshake(world)
  world.socket.deliver(frames.presence(protocol.encodeAwarenessUpdate(other, [other.clientID])))
  const before = world.socket
  before.drop(SWITCHES)
  assert.equal(provider.awareness.getStates().size, 2)
  assert.equal(provider.facts.lostAt, null)
  world.advance(0)
  assert.notEqual(world.socket, before)
})

test('a change larger than the server takes at once goes the way of a difference, which may be larger', t => {
  const { world, text } = open(t)
  world.socket.accept()
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 120)
  encoding.writeVarString(encoder, JSON.stringify({ epoch: null, largest: 1000 }))
  world.socket.deliver(encoding.toUint8Array(encoder))
  world.socket.deliver(frames.stepOne(NOTHING))
  world.socket.deliver(frames.stepTwo(EMPTY))
  taken(world)
  text.insert(0, 'small')
  text.insert(0, 'x'.repeat(2000))
  assert.deepEqual(taken(world).map(message => message.type), ['update', 'step-2'])
})

test('who waits for what was edited to be saved is told, or told why not', async t => {
  const { world, provider, text } = open(t)
  handshake(world)
  await provider.whenSaved()
  text.insert(0, 'a')
  const first = provider.whenSaved()
  world.advance(80)
  text.insert(0, 'b')
  const second = provider.whenSaved()
  world.socket.deliver(frames.barrier(1))
  await first
  world.socket.drop(4403, 'not yours')
  await assert.rejects(second, /not yours/)
  text.insert(0, 'c')
  const third = provider.whenSaved()
  provider.destroy()
  await assert.rejects(third)
})

test('what the server says again about rights counts from then on, and somebody who asks is heard', t => {
  const { world, provider } = open(t)
  world.socket.accept()
  world.socket.deliver(hello('e', { access: 'owner', open: true }))
  assert.deepEqual([provider.facts.access, provider.facts.isOpen, provider.facts.canEdit, provider.facts.knocks], ['owner', true, true, 0])
  world.socket.deliver(hello('e', { access: 'owner', asked: 1 }))
  world.socket.deliver(hello('e', { access: 'owner', asked: 0 }))
  assert.deepEqual([provider.facts.isOpen, provider.facts.knocks], [false, 2])
  world.socket.deliver(hello('e', { access: 'view' }))
  assert.deepEqual([provider.facts.access, provider.facts.canEdit, provider.facts.knocks], ['view', false, 2])
})

test('tokens travel one by one, and the first of them that expires has all of them fetched again', async t => {
  const world = new FakeWorld()
  const expiry = (/** @type {number} */ ms) => `x.${btoa(JSON.stringify({ exp: (world.now + ms) / 1000 }))}.x`
  const one = new Provider({ server: 'ws://host', name: 'notes', doc: new Y.Doc(), environment: world.environment, token: ['cs_link&', 'of a person'] })
  t.after(() => one.destroy())
  one.connect()
  assert.ok(world.socket.url.endsWith('&token=cs_link%26&token=of%20a%20person'), world.socket.url)
  const other = new Provider({ server: 'ws://host', name: 'notes', doc: new Y.Doc(), environment: world.environment, token: [''] })
  t.after(() => other.destroy())
  other.connect()
  assert.doesNotMatch(world.socket.url, /token/)

  let count = 0
  const third = new Provider({ server: 'ws://host', name: 'notes', doc: new Y.Doc(), environment: world.environment, token: () => [`link${++count}`, expiry(600_000), expiry(60_000)] })
  t.after(() => third.destroy())
  const settled = () => new Promise(resolve => setImmediate(resolve))
  third.connect()
  await settled()
  assert.match(world.socket.url, /&token=link1&token=x.*&token=x/)
  handshake(world)
  world.advance(29_000)
  world.socket.deliver(frames.presence(NOTHING))
  world.advance(2000)
  await settled()
  assert.match(world.socket.url, /&token=link2&/)
})

test('a token is asked for at every attempt, again before it expires, and once more when it is refused', async t => {
  const world = new FakeWorld()
  const expiry = (/** @type {number} */ ms) => `x.${btoa(JSON.stringify({ exp: (world.now + ms) / 1000 }))}.x`
  let count = 0
  const provider = new Provider({ server: 'ws://host', name: 'notes', doc: new Y.Doc(), environment: world.environment, token: async () => `${expiry(60_000)}${++count}` })
  t.after(() => provider.destroy())
  const settled = () => new Promise(resolve => setImmediate(resolve))
  provider.connect()
  await settled()
  assert.match(world.socket.url, /&token=x\..*1$/)
  handshake(world)
  world.advance(29_000)
  world.socket.deliver(frames.presence(NOTHING))
  world.advance(2000)
  await settled()
  assert.match(world.socket.url, /&token=x\..*2$/)
  handshake(world)
  world.socket.drop(4401)
  world.advance(0)
  await settled()
  assert.match(world.socket.url, /&token=x\..*3$/)
  world.socket.accept()
  world.socket.drop(4401, 'no')
  assert.equal(provider.facts.stop, 'sign-in')
})
