// The page of the server: numbers as words, lines with gaps, seconds that are added.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { path, summary } from '../src/pages/server/chart.js'
import { Desk, grown } from '../src/pages/server/desk.js'
import { bytes, formatted, lasted, roundUp } from '../src/pages/server/format.js'

test('numbers have about three digits and their unit', () => {
  assert.equal(formatted(null, 'rate'), '–')
  assert.equal(formatted(undefined, 'bytes'), '–')
  assert.equal(formatted(0.000_043, 'seconds'), '43 µs')
  assert.equal(formatted(0.012_34, 'seconds'), '12.3 ms')
  assert.equal(formatted(2.5, 'seconds'), '2.5 s')
  assert.equal(formatted(0.031, 'share'), '3.1 %')
  assert.equal(formatted(1.5, 'share'), '150 %')
  assert.equal(formatted(1234.5, 'rate'), '1,235')
  assert.equal(bytes(0), '0 B')
  assert.equal(bytes(1_530_000), '1.53 MB')
  assert.equal(formatted(2000, 'byteRate'), '2 kB/s')
})

test('a time is its two largest parts', () => {
  assert.equal(lasted(0.4), '0 s')
  assert.equal(lasted(59), '59 s')
  assert.equal(lasted(3_725), '1 h 2 min')
  assert.equal(lasted(200_000), '2 d 7 h')
})

test('an axis ends at a round number above its peaks', () => {
  assert.deepEqual([0, 1, 1.1, 3, 7, 13, 180, 200, 0.0004].map(roundUp), [1, 2, 2, 4, 8, 15, 200, 300, 0.0005])
  for (let peak = 0.001; peak < 1e6; peak *= 1.03) assert.ok(roundUp(peak) >= peak * 1.08 && roundUp(peak) <= peak * 2.2, String(peak))
})

test('a line passes over what was not measured', () => {
  const x = (/** @type {number} */ index) => index * 10
  assert.equal(path([null, null], x, 4, false), '')
  assert.equal(path([0, null, 4], x, 4, false), 'M0.0 120.0L20.0 0.0')
  assert.equal(path([2], x, 4, true), 'M0.0 60.0L0.0 120L0.0 120Z')
})

test('a chart says in a sentence what it shows', () => {
  assert.equal(summary('Memory', 'bytes', [{ label: 'In use', values: [1000, 3000, 2000] }]), 'Memory: In use now 2 kB, between 1 kB and 3 kB.')
  assert.equal(summary('Disk', 'seconds', [{ label: 'Median', values: [null, 0.001, null] }]), 'Disk: Median between 1 ms and 1 ms.')
  assert.equal(summary('Disk', 'seconds', [{ label: 'Median', values: [null] }]), 'Disk: Median: nothing was measured.')
})

test('a second is added once, and the oldest goes', () => {
  const before = { step: 1, times: [1000], series: { a: [1], b: [2] } }
  // Values come in an order of their own, not in that of the columns.
  const after = grown(before, ['b', 'a'], { time: 2000, values: [20, 10] })
  assert.deepEqual(after, { step: 1, times: [1000, 2000], series: { a: [1, 10], b: [2, 20] } })
  assert.equal(grown(after, ['b', 'a'], { time: 2000, values: [0, 0] }), after)
  /** @type {import('../src/pages/server/desk.js').Columns} */
  let full = before
  for (let second = 2; second <= 700; second++) full = grown(full, ['b', 'a'], { time: second * 1000, values: [second, second] })
  assert.deepEqual([full.times.length, full.times[0], full.series.a.length], [600, 101_000, 600])
})

test('trouble that begins while somebody looks on is seen', async () => {
  let looks = 0
  const lines = new TransformStream()
  const writer = lines.writable.getWriter()
  const answer = (/** @type {any} */ url) => {
    if (String(url).endsWith('/events')) return new Response(lines.readable, { headers: { 'content-type': 'text/event-stream' } })
    return Response.json({ writable: ++looks === 1 })
  }
  const desk = new Desk(() => 'ada', async url => answer(url))
  desk.open()
  /** @type {(about: any) => void} */
  let seen = () => undefined
  const trouble = new Promise(resolve => (seen = resolve))
  desk.about.subscribe((/** @type {any} */ about) => about && !about.writable && seen(about))
  for (let second = 0; second < 10; second++) await writer.write(new TextEncoder().encode('event: second\ndata: {"documents":[],"behind":[]}\n\n'))
  assert.deepEqual(await trouble, { writable: false })
  desk.close()
})
