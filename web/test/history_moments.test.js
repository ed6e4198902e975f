// Moments in addresses, sessions, the line of time, and who wrote which clock values.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Scale, buckets, nextSession, sessionsOf } from '../src/history/activity.js'
import { indexOf } from '../src/history/index.js'
import { readPack } from '../src/history/pack.js'
import { Past } from '../src/history/past.js'
import { Writers } from '../src/history/writers.js'
import { Y } from '../vendor/core.js'
import { readMoment } from '../src/pages/history/moments.js'
import { PackWriter } from './support/pack_writer.mjs'
import { typeTogether } from './support/typists.mjs'

const MINUTE = 60_000

test('an address names one moment or two, in any order', () => {
  assert.deepEqual(readMoment('#e=12'), { at: 12, base: null })
  assert.deepEqual(readMoment('#e=3..12'), { at: 12, base: 3 })
  assert.deepEqual(readMoment('#e=12..3'), { at: 12, base: 3 })
  assert.deepEqual(readMoment('#e=12..12'), { at: 12, base: null })
  assert.deepEqual(readMoment('#e=0..12'), { at: 12, base: 0 })
  for (const other of ['', '#', '#e=', '#e=-1', '#e=1.5', '#e=1..', '#e=x', '#e=1234567890123456', '#f=1']) assert.equal(readMoment(other), null, other)
})

test('a pause of more than five minutes ends a session', () => {
  const times = [0, MINUTE, 6 * MINUTE, 12 * MINUTE, 12 * MINUTE + 1]
  const starts = sessionsOf(times)
  assert.deepEqual(starts, [0, 3])
  assert.equal(nextSession(starts, 1, 1, 4), 3)
  assert.equal(nextSession(starts, 4, 1, 4), 4, 'behind the last session is the newest moment')
  assert.equal(nextSession(starts, 4, -1, 4), 3)
  assert.equal(nextSession(starts, 3, -1, 4), 0, 'from a start to the one before')
  assert.equal(nextSession(starts, 0, -1, 4), 0)
  assert.deepEqual(sessionsOf([]), [])
})

test('the line of time is as long as people wrote, with pauses folded; or has every edit equally wide', () => {
  const times = Array.from({ length: 101 }, (_, row) => row * 1000 + (row > 50 ? 24 * 60 * MINUTE : 0))
  const scale = new Scale(times, 'time')
  assert.equal(scale.placeOf(50), 50_000)
  assert.ok(scale.placeOf(51) - scale.placeOf(50) < 10_000, 'a day is no longer than a few edits')
  for (const row of [0, 1, 50, 51, 100]) assert.equal(scale.rowAt(scale.placeOf(row)), row)
  assert.equal(scale.rowAt(scale.placeOf(7) + 1), 7)
  const even = new Scale(times, 'edit')
  assert.equal(even.length, 100)
  assert.equal(even.placeOf(51), 51)
  assert.equal(new Scale([], 'time').rowAt(4), 0)
  assert.ok(new Scale([5, 5, 5], 'time').placeOf(2) > new Scale([5, 5, 5], 'time').placeOf(1), 'rows of one moment stand apart')
  assert.equal(new Scale([0, MINUTE, 2 * MINUTE], 'time', 2000).length, 4000, 'played pauses are as long as asked for')
})

test('activity counts what each author did in each part', () => {
  const index = { authors: [0, 0, 1, 0], inserted: [1, 1, 400, 0], deleted: [0, 0, 0, 3], users: ['a', 'b'] }
  const [first, second] = buckets(index, new Scale([0, 1, 2, 3], 'edit'), 2)
  assert.ok(first[0] > 0 && first[1] > 0 && second[0] === 0 && second[1] > 0)
  assert.ok(second[1] < 10, 'a paste counts little more than an edit')
})

test('everything in a document has its writer, and what came later has none yet', () => {
  const entries = typeTogether({ kind: 'text', seed: 6, edits: 200 })
  const index = indexOf(new Past(readPack(new PackWriter().write(entries.slice(0, 150)))))
  const writers = new Writers(index)
  const known = Y.decodeStateVector(Y.encodeStateVectorFromUpdate(Y.mergeUpdates(entries.slice(0, 150).map(({ update }) => update))))
  for (const [client, next] of known) {
    for (let clock = 0; clock < next; clock += 1) {
      const writer = writers.at(client, clock)
      assert.ok(writer && writer.end > clock)
      assert.equal(index.users[writer.author].name, ['Mia', 'Noor', 'Ole'][client - 1000], 'each of them has one client')
    }
    assert.equal(writers.at(client, next), null)
  }
  assert.equal(writers.at(4, 0), null)
})
