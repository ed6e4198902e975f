// A connection by requests against a server that answers as told: order, retries, frames in any pieces, streams that
// somebody keeps back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reader, frame } from '../src/sync/http_frames.js'
import { HttpSocket } from '../src/sync/http_socket.js'
import { seeded } from './fake_world.js'

/** A frame as servers send it. @param {number} kind @param {Uint8Array} payload */
function served(kind, payload) {
  const { length } = payload
  const head = length < 126 ? [length] : length < 65_536 ? [126, length >> 8, length & 255] : [127, 0, 0, 0, 0, ...[24, 16, 8, 0].map(shift => (length >> shift) & 255)]
  return new Uint8Array([0x80 | kind, ...head, ...payload])
}

/** @param {Uint8Array} bytes */
const base64 = bytes => Buffer.from(bytes).toString('base64')

/** A server of one connection. `posts` says how to answer the posts to come: a status, 0 for a broken connection. `gone`: it knows the connection no more. @param {{ posts?: number[], keepsBack?: boolean, gone?: boolean }} [rules] */
function scene({ posts = [], keepsBack = false, gone: isGone = false } = {}) {
  /** @type {{ method: string, url: string, headers: Record<string, string> }[]} */
  const asked = []
  /** What arrived, each byte once. @type {number[]} */
  const arrived = []
  /** Bytes of each request that came. @type {number[]} */
  const bodies = []
  let sent = 0
  /** @type {ReadableStreamDefaultController<Uint8Array> | undefined} */
  let stream
  /** @type {((answer: Response) => void)[]} */
  const polls = []
  /** @type {Map<() => void, number>} */
  const timers = new Map()
  /** @param {string} url @param {any} init */
  const fetch = async (url, { method, headers, body, signal }) => {
    asked.push({ method, url, headers })
    if (method === 'DELETE') return new Response(null, { status: 204 })
    if (method === 'POST' && !headers['coscribe-connection']) return Response.json({ id: 'secret' }, { status: 201 })
    if (method === 'POST') {
      const status = posts.shift() ?? 204
      bodies.push(body.length)
      const at = Number(new URL(url).searchParams.get('at'))
      assert.ok(at <= arrived.length, 'no gap')
      // A request that fails may have arrived all the same, or half of it.
      const taken = status === 204 ? body : body.subarray(0, Math.ceil(body.length / 2))
      for (const byte of taken.subarray(arrived.length - at)) arrived.push(byte)
      if (status === 0) throw new TypeError('broken')
      return new Response(null, { status })
    }
    /** @type {Promise<Response>} */
    const gone = new Promise((_resolve, reject) => signal.addEventListener('abort', () => (stream?.error(signal.reason), reject(signal.reason))))
    gone.catch(() => {})
    if (headers.accept !== 'text/event-stream') return Promise.race([gone, new Promise(resolve => polls.push(resolve))])
    if (keepsBack) return gone
    if (isGone) return new Response(null, { status: 404 })
    return new Response(new ReadableStream({ start: controller => void (stream = controller) }))
  }
  const outside = {
    fetch: /** @type {any} */ (fetch),
    setTimeout: (/** @type {() => void} */ run, /** @type {number} */ ms) => (timers.set(run, ms), /** @type {any} */ (run)),
    clearTimeout: (/** @type {any} */ run) => void timers.delete(run),
  }
  const socket = new HttpSocket('wss://host/base/ws/a%2Fb?coscribe=1&token=t', outside)
  /** @type {Uint8Array[]} */
  const heard = []
  /** @type {{ code: number, reason: string }[]} */
  const closed = []
  socket.onmessage = ({ data }) => heard.push(new Uint8Array(data))
  socket.onclose = event => closed.push(event)
  /** @param {() => boolean} holds */
  const until = async holds => {
    for (let turn = 0; turn < 1000; turn += 1) {
      if (holds()) return
      await new Promise(resolve => setImmediate(resolve))
    }
    assert.fail('it never came')
  }
  return {
    socket, asked, arrived, bodies, heard, closed, timers, polls, until,
    opened: () => until(() => asked.some(({ method }) => method === 'GET')),
    /** Sends events with these bytes, cut as told. @param {Uint8Array[]} pieces */
    tell(pieces) {
      for (const piece of pieces) {
        sent += piece.length
        stream?.enqueue(new TextEncoder().encode(`id:${sent}\ndata:${base64(piece)}\n\n`))
      }
    },
    /** Sends an event again that came already. @param {Uint8Array} piece */
    repeat: piece => stream?.enqueue(new TextEncoder().encode(`id:${sent}\ndata:${base64(piece)}\n\n`)),
    breakOff: () => stream?.close(),
    /** Lets go on what waits for so long at most. */
    ring: (most = 2000) => [...timers].forEach(([run, ms]) => ms <= most && timers.delete(run) && run()),
  }
}

test('the address and the token of a WebSocket open it, and only its id goes along later', async () => {
  const it = scene()
  await it.opened()
  assert.equal(it.socket.readyState, 1)
  assert.deepEqual(it.asked.map(({ method, url }) => `${method} ${url}`), ['POST https://host/base/sse/a%2Fb?coscribe=1&token=t', 'GET https://host/base/sse/a%2Fb?from=0'])
  assert.equal(it.asked[0].headers['content-type'], 'application/octet-stream')
  assert.equal(it.asked[1].headers['coscribe-connection'], 'secret')
  it.socket.close()
  assert.equal(it.asked.at(-1)?.method, 'DELETE')
  assert.deepEqual(it.closed, [])
})

test('frames come out whole, however the bytes are cut', async () => {
  const random = seeded(5)
  const frames = Array.from({ length: 60 }, () => Uint8Array.from({ length: random() < 0.1 ? 70_000 : Math.floor(random() * 300) }, () => Math.floor(random() * 256)))
  const whole = Buffer.concat(frames.map(payload => served(2, payload)))
  const reader = new Reader()
  const found = []
  for (let at = 0; at < whole.length; ) {
    const end = at + 1 + Math.floor(random() ** 3 * 40_000)
    found.push(...reader.read(whole.subarray(at, end)))
    at = end
  }
  assert.deepEqual(found.map(({ payload }) => Buffer.from(payload)), frames.map(payload => Buffer.from(payload)))
})

test('what is sent arrives in order and once, although requests fail half-way', async () => {
  const it = scene({ posts: [0, 503, 204, 502, 0, 204] })
  await it.opened()
  const wanted = []
  for (let number = 0; number < 5; number += 1) {
    const payload = new Uint8Array(100 + number * 200).fill(number)
    wanted.push(...frame(2, payload))
    it.socket.send(payload)
    const before = it.asked.length
    await it.until(() => (it.ring(), it.asked.length > before))
  }
  await it.until(() => (it.ring(), it.arrived.length === wanted.length))
  assert.deepEqual(it.arrived, wanted)
})

test('what is said in one turn travels as one request, and much of it as several that a proxy takes', async () => {
  const it = scene()
  await it.opened()
  const wanted = []
  for (const byte of [1, 2, 3]) {
    wanted.push(...frame(2, Uint8Array.of(byte)))
    it.socket.send(Uint8Array.of(byte))
  }
  await it.until(() => it.arrived.length === wanted.length)
  assert.deepEqual([it.arrived, it.bodies], [wanted, [wanted.length]])
  const much = frame(2, new Uint8Array(700_000).fill(7))
  it.socket.send(new Uint8Array(700_000).fill(7))
  await it.until(() => it.arrived.length === wanted.length + much.length)
  assert.ok(it.bodies.every(length => length <= 512 * 1024), String(it.bodies))
})

test('what the server ends for good is not asked for again', async () => {
  const it = scene({ gone: true })
  await it.opened()
  await it.until(() => it.closed.length > 0)
  assert.equal(it.closed[0].code, 1006)
  assert.equal(it.asked.filter(({ method }) => method === 'GET').length, 1)
})

test('an event that comes twice counts once', async () => {
  const it = scene()
  await it.opened()
  const [first, second] = [served(2, Uint8Array.of(1)), served(2, Uint8Array.of(2))]
  it.tell([first])
  it.repeat(first)
  it.tell([second])
  await it.until(() => it.heard.length >= 2)
  assert.deepEqual(it.heard, [Uint8Array.of(1), Uint8Array.of(2)])
})

test('events are messages; a ping is answered, and a close says why', async () => {
  const it = scene()
  await it.opened()
  const bytes = Buffer.concat([served(2, Uint8Array.of(7, 8)), served(9, Uint8Array.of(1)), served(2, Uint8Array.of(9))])
  it.tell([bytes.subarray(0, 3), bytes.subarray(3)])
  await it.until(() => it.heard.length === 2)
  assert.deepEqual(it.heard, [Uint8Array.of(7, 8), Uint8Array.of(9)])
  await it.until(() => it.arrived.length > 0)
  assert.deepEqual(it.arrived, [...frame(10, Uint8Array.of(1))])
  it.tell([served(8, Uint8Array.from([0x11, 0x33, ...Buffer.from('no')]))])
  await it.until(() => it.closed.length > 0)
  assert.deepEqual(it.closed, [{ code: 4403, reason: 'no' }])
})

test('a stream that breaks off is taken up where it stopped', async () => {
  const it = scene()
  await it.opened()
  it.tell([served(2, Uint8Array.of(1, 2, 3))])
  await it.until(() => it.heard.length === 1)
  it.breakOff()
  await it.until(() => (it.ring(), it.asked.filter(({ method }) => method === 'GET').length === 2))
  assert.match(String(it.asked.at(-1)?.url), /from=5$/)
  assert.equal(it.socket.readyState, 1)
})

test('a server that does not know the connection ends it', async () => {
  const it = scene({ posts: [404] })
  await it.opened()
  it.socket.send(Uint8Array.of(1))
  await it.until(() => it.closed.length > 0)
  assert.equal(it.closed[0].code, 1006)
})

test('requests that fail again and again end it', async () => {
  const it = scene({ posts: Array(20).fill(502) })
  await it.opened()
  it.socket.send(Uint8Array.of(1))
  await it.until(() => (it.ring(), it.closed.length > 0))
  assert.equal(it.asked.filter(({ url }) => url.includes('at=')).length, 5)
})

// The last, because a page remembers it.
test('a stream that somebody keeps back is replaced by polls', async () => {
  const it = scene({ keepsBack: true })
  await it.opened()
  await it.until(() => (it.ring(3000), it.polls.length === 1))
  assert.equal(it.asked.at(-1)?.headers.accept, 'application/octet-stream')
  it.polls[0](new Response(served(2, Uint8Array.of(5))))
  await it.until(() => it.heard.length === 1 && it.polls.length === 2)
  assert.match(String(it.asked.at(-1)?.url), /from=3$/)
  it.polls[1](new Response(null, { status: 204 }))
  await it.until(() => it.polls.length === 3)
  assert.equal(it.socket.readyState, 1)
})
