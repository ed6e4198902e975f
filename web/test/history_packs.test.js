// Packs that are broken, cut off or of something else are refused with words, whatever is changed in them; and packs that
// follow each other must fit.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { indexOf } from '../src/history/index.js'
import { PackError, readPack } from '../src/history/pack.js'
import { Past } from '../src/history/past.js'
import { encoding } from '../vendor/core.js'
import { PackWriter, signed } from './support/pack_writer.mjs'
import { random, typeTogether } from './support/typists.mjs'

const entries = typeTogether({ kind: 'rich', seed: 4, edits: 80 })
const whole = new PackWriter().write(entries)

/** Bytes of a pack with others in the place of some, and the checksum that belongs to them. @param {(bytes: Uint8Array) => Uint8Array | void} change */
function changed(change) {
  const bytes = whole.slice(0, -4)
  return signed(change(bytes) ?? bytes)
}

/** @param {Uint8Array} bytes @param {RegExp} words */
function refused(bytes, words) {
  assert.throws(() => new Past(readPack(bytes)), error => error instanceof PackError && words.test(error.message))
}

test('what is no pack is refused', () => {
  refused(new Uint8Array(0), /no history pack/)
  refused(new TextEncoder().encode('{"code":"not-found"} and so on'), /no history pack/)
  refused(changed(bytes => void (bytes[7] = 2)), /its format is 2, this page knows 1/)
})

test('a bit that is another, anywhere, is noticed', () => {
  const next = random(1)
  for (let tries = 0; tries < 300; tries += 1) {
    const bytes = whole.slice()
    bytes[8 + Math.floor(next() * (bytes.length - 8))] ^= 1 << Math.floor(next() * 8)
    refused(bytes, /damaged/)
  }
})

test('a pack that ends early is refused at every length', () => {
  for (let length = 0; length < whole.length; length += 7) {
    refused(whole.slice(0, length), /no history pack|damaged/)
    if (length > 8) refused(signed(whole.slice(0, length)), /history cannot be read/)
  }
  refused(changed(bytes => Uint8Array.from([...bytes, 0])), /goes on behind its end/)
})

test('any byte may be another, with a checksum that fits: the pack is read or refused, and never more than that', () => {
  const next = random(2)
  let count = 0
  for (let tries = 0; tries < 1500; tries += 1) {
    const bytes = changed(bytes => {
      const at = 24 + Math.floor(next() * (bytes.length - 24))
      bytes[at] = next() < 0.3 ? 255 : Math.floor(next() * 256)
    })
    try {
      indexOf(new Past(readPack(bytes)))
    } catch (error) {
      if (!(error instanceof PackError)) throw error
      count += 1
    }
  }
  assert.ok(count > 200, `${count} were refused`)
})

test('counts that promise more than there is make no room for it', () => {
  // Behind epoch, after, last (two bytes) and floor stands the number of users.
  const users = 8 + 16 + 1 + 1 + 1
  assert.equal(whole[users], 3)
  refused(changed(bytes => Uint8Array.from([...bytes.slice(0, users), 255, 255, 255, 255, 127, ...bytes.slice(users + 1)])), /cut off/)
  refused(changed(bytes => Uint8Array.from([...bytes.slice(0, users), ...Array(9).fill(255), 1, ...bytes.slice(users + 1)])), /too large/)
})

test('packs that follow must go on where the one before ended', () => {
  const writer = new PackWriter()
  const [first, second, third] = [entries.slice(0, 30), entries.slice(30, 50), entries.slice(50)].map(some => writer.write(some))
  const past = new Past(readPack(first))
  assert.throws(() => past.add(readPack(third)), /something is missing/)
  refused(second, /has no beginning/)
  const other = new PackWriter({ epoch: 'ffffffff-4455-6677-8899-aabbccddeeff' })
  other.write(entries.slice(0, 30))
  assert.throws(() => past.add(readPack(other.write(entries.slice(30)))), /of another document/)
  past.add(readPack(second))
  past.add(readPack(third))
  assert.deepEqual(indexOf(past), indexOf(new Past(readPack(whole))), 'three packs are as good as one')
})

test('a pack without rows is the past of a document that nobody has touched', () => {
  const past = new Past(readPack(new PackWriter().write([])))
  const index = indexOf(past)
  assert.equal(index.seqs.length, 0)
  assert.equal(index.kind, 'rich')
  past.add(readPack(new PackWriter().write(entries)))
  assert.equal(indexOf(past).seqs.length, entries.length)
})

test('rows that delete what nobody inserted, or an update that lacks something, are refused', () => {
  const pack = readPack(whole)
  const deletion = pack.deletions[0]
  assert.ok(deletion)
  assert.throws(() => new Past({ ...pack, deletions: [{ ...deletion, clock: 1e6 }, ...pack.deletions.slice(1)] }), /deletes what nobody inserted/)
  assert.throws(() => new Past({ ...pack, update: readPack(new PackWriter().write(entries.slice(0, 20))).update }), /lacks what its rows insert/)
  assert.throws(() => new Past({ ...pack, update: Uint8Array.of(255) }), /its document is damaged/)
  assert.throws(() => new Past({ ...pack, insertions: [{ client: 0, length: 2 ** 40 }, ...pack.insertions.slice(1)] }), /too large to show/)
})

test('a clock that was set back does not turn the past around, and what is deleted twice died the first time', () => {
  const back = entries.map((entry, at) => ({ ...entry, time: entry.time - (at === 40 ? 3_600_000 : 0) }))
  const { times } = indexOf(new Past(readPack(new PackWriter().write(back))))
  assert.deepEqual([...times], [...times].sort((a, b) => a - b))
  const pack = readPack(whole)
  const deletedFrom = pack.deletedFrom.slice()
  deletedFrom[deletedFrom.length - 1] += 1
  const again = new Past({ ...pack, deletedFrom, deletions: [...pack.deletions, pack.deletions[0]] })
  assert.deepEqual({ ...indexOf(again), deleted: null }, { ...indexOf(new Past(pack)), deleted: null })
})

test('a pack that follows must know where the clients were', () => {
  const writer = new PackWriter()
  const past = new Past(readPack(writer.write(entries.slice(0, 30))))
  const next = readPack(writer.write(entries.slice(30)))
  assert.throws(() => past.add({ ...next, after: 5 }), /something is missing/)
  assert.throws(() => past.add({ ...next, starts: new Map([[0, 1]]) }), /something is missing/)
})

/** A pack by one user and one client with these numbers and columns. @param {{ last?: number, kind?: number, rows?: number, columns?: number[][], over?: number }} parts */
function handmade({ last = 1, kind = 0, rows = 1, columns = [], over = 0 }) {
  const e = encoding.createEncoder()
  encoding.writeUint8Array(e, Uint8Array.from([...'cscrpak'].map(sign => sign.charCodeAt(0)).concat(1, Array(16).fill(7))))
  for (const number of [0, last, 0, 1, kind, 0, 0, 1, 9, rows]) encoding.writeVarUint(e, number)
  const all = [[0], [0], [0], [0, 0], [], []].map((column, at) => columns[at] ?? column)
  all.forEach((column, at) => {
    encoding.writeVarUint(e, column.length + (at === all.length - 1 ? over : 0))
    for (const number of column) encoding.writeVarUint(e, number)
  })
  encoding.writeVarUint(e, 0)
  encoding.writeVarUint8Array(e, new Uint8Array(0))
  return signed(encoding.toUint8Array(e))
}

test('numbers that do not go together are refused', () => {
  assert.equal(readPack(handmade({})).seqs.length, 1)
  refused(handmade({ rows: 2 ** 31 }), /fewer rows/)
  refused(handmade({ columns: [[0], [0], [0], [100, 0]] }), /more pieces/)
  refused(handmade({ columns: [[0], [0], [0], [0, 100]] }), /more pieces/)
  refused(handmade({ columns: [[0, 0]] }), /longer than its rows/)
  refused(handmade({ last: 5 }), /last entry/)
  refused(handmade({ kind: 4 }), /no user of the kind 4/)
  refused(handmade({ over: 1000 }), /cut off/)
  refused(handmade({ columns: [[0], [0], [0], [0, 1], [], [0, 1, 1]] }), /before everything/)
})
