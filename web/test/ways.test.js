// Which way a connection takes: a WebSocket, or requests where none gets through; and back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SWITCHES, Ways } from '../src/sync/ways.js'
import { FakeSocket, FakeWorld } from './fake_world.js'

/** A page, and the connections it tries. */
function page() {
  const world = new FakeWorld()
  /** @type {FakeSocket[]} */
  const sockets = []
  /** @type {FakeSocket[]} */
  const requests = []
  const into = (/** @type {FakeSocket[]} */ list) => (/** @type {string} */ url) => {
    const socket = new FakeSocket(url)
    list.push(socket)
    return /** @type {any} */ (socket)
  }
  const ways = new Ways({ ...world.environment, webSocket: into(sockets), requests: into(requests) })
  /** Opens a connection and writes down what happens to it. */
  const open = (url = 'ws://host/ws/notes') => {
    const events = /** @type {unknown[]} */ ([])
    const way = ways.open(url)
    way.onopen = () => events.push('open')
    way.onmessage = ({ data }) => events.push(data)
    way.onclose = ({ code }) => events.push(code)
    return { way, events }
  }
  return { world, ways, sockets, requests, open }
}

test('where WebSockets work nothing else is tried', () => {
  const { world, sockets, requests, open } = page()
  const { way, events } = open()
  sockets[0].accept()
  world.advance(600_000)
  assert.deepEqual(events, ['open'])
  assert.equal(requests.length, 0)
  assert.equal(sockets.length, 1)
  way.send(new Uint8Array([1]))
  assert.equal(sockets[0].take().length, 1)
  sockets[0].drop(4403)
  assert.deepEqual(events, ['open', 4403], 'what the server says is told as it is')
})

test('a WebSocket that is refused gives way at once', () => {
  const { sockets, requests, open } = page()
  const { way, events } = open()
  sockets[0].drop(1006)
  assert.deepEqual(events, [])
  requests[0].accept()
  assert.deepEqual(events, ['open'])
  way.send(new Uint8Array([1]))
  assert.equal(requests[0].take().length, 1)
})

test('a WebSocket that hangs gives way after two seconds, unless it opens first', () => {
  const { world, sockets, requests, open } = page()
  const { events } = open()
  world.advance(1999)
  assert.equal(requests.length, 0)
  world.advance(1)
  sockets[0].accept()
  assert.deepEqual(events, ['open'])
  assert.equal(requests[0].readyState, 3, 'the other way is given up')
  // Its answer was on the way already.
  requests[0].readyState = 1
  requests[0].onopen()
  assert.equal(requests[0].readyState, 3)
  assert.deepEqual(events, ['open'])
  const second = open()
  world.advance(2000)
  requests[1].accept()
  assert.deepEqual(second.events, ['open'])
  assert.equal(sockets[1].readyState, 3)
})

test('a server that is away is not taken for a network that blocks', () => {
  const { ways, sockets, requests, open } = page()
  const { events } = open()
  sockets[0].drop(1006)
  requests[0].drop(1006)
  assert.deepEqual(events, [1006])
  assert.equal(ways.avoids, false)
  open()
  assert.equal(sockets.length, 2)
})

test('what was blocked is not tried first again, but when requests fail', () => {
  const { sockets, requests, open } = page()
  const first = open()
  sockets[0].drop(1006)
  requests[0].accept()
  requests[0].drop(1006)
  assert.deepEqual(first.events, ['open', 1006])
  const second = open()
  assert.equal(sockets.length, 1)
  requests[1].drop(1006)
  assert.equal(sockets.length, 2)
  sockets[1].accept()
  assert.deepEqual(second.events, ['open'])
})

test('a hanging WebSocket does not keep a failed attempt alive', () => {
  const { world, requests, open } = page()
  const { events } = open()
  world.advance(2000)
  requests[0].drop(1006)
  world.advance(10_000)
  assert.deepEqual(events, [1006])
})

test('a connection by requests climbs back when a WebSocket opens, and its successor takes that', async () => {
  const { world, ways, sockets, requests, open } = page()
  const { events } = open()
  sockets[0].drop(1006)
  requests[0].accept()
  world.advance(5000)
  sockets[1].drop(1006)
  world.advance(9999)
  assert.equal(sockets.length, 2, 'the wait has doubled')
  world.advance(1)
  sockets[2].accept()
  assert.deepEqual(events, ['open', SWITCHES])
  assert.equal(requests[0].readyState, 3)
  const next = open()
  await Promise.resolve()
  assert.deepEqual(next.events, ['open'])
  assert.equal(sockets.length, 3)
  assert.equal(ways.avoids, true, 'nothing was heard on it yet')
  sockets[2].deliver(new Uint8Array([1]))
  assert.equal(ways.avoids, false)
  world.advance(600_000)
  assert.equal(sockets[2].readyState, 1)
})

test('an opened WebSocket that nobody takes, or that is for another address, is closed', () => {
  for (const takes of [() => {}, (/** @type {ReturnType<typeof page>} */ it) => void it.open('ws://host/ws/other')]) {
    const it = page()
    const { world, sockets, requests } = it
    it.open()
    sockets[0].drop(1006)
    requests[0].accept()
    world.advance(5000)
    sockets[1].accept()
    takes(it)
    world.advance(1000)
    assert.equal(sockets[1].readyState, 3)
  }
})

test('a WebSocket that opens and is cut or given up without a word counts as blocked', () => {
  const cut = page()
  const { events } = cut.open()
  cut.sockets[0].accept()
  cut.sockets[0].drop(1006)
  assert.deepEqual(events, ['open', 1006])
  assert.equal(cut.ways.avoids, true)
  const mute = page()
  const { way } = mute.open()
  mute.sockets[0].accept()
  mute.world.advance(30_000)
  way.close()
  assert.equal(mute.ways.avoids, true)
  const brief = page()
  const { way: short } = brief.open()
  brief.sockets[0].accept()
  short.close()
  assert.equal(brief.ways.avoids, false)
})

test('a connection that was closed tries nothing more', () => {
  const { world, sockets, requests, open } = page()
  const { way, events } = open()
  way.close()
  world.advance(600_000)
  assert.equal(sockets[0].readyState, 3)
  assert.equal(requests.length, 0)
  const second = open()
  sockets[1].drop(1006)
  requests[0].accept()
  second.way.close()
  world.advance(600_000)
  assert.equal(sockets.length, 2)
  assert.deepEqual([...events, ...second.events], ['open'])
})
