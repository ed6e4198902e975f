// Reads the history pack as `src/history/FORMAT.md` draws it, for comparison with stock Yjs. Knows
// nothing of the server.

import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'

const KINDS = ['verified', 'claimed', 'server', 'import']

/** Everything a pack says; each row is {seq, time, user, inserted: [[client, length]], deleted:
 * [[client, clock, length]]}. */
export function unpack(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const body = bytes.subarray(0, bytes.length - 4)
  assert.equal(view.getUint32(bytes.length - 4, true), crc32(body), 'the checksum is wrong')
  const from = decoding.createDecoder(body)
  const raw = (length) => decoding.readUint8Array(from, length)
  const number = () => decoding.readVarUint(from)
  const string = () => new TextDecoder('utf-8', { fatal: true }).decode(decoding.readVarUint8Array(from))
  const list = (read) => Array.from({ length: number() }, read)
  assert.equal(Buffer.from(raw(8)).toString('latin1'), 'cscrpak\x01')
  const pack = { epoch: uuid(raw(16)), after: number(), last: number(), floor: number() }
  pack.users = list(() => ({ kind: KINDS[raw(1)[0]], id: string(), name: string() }))
  pack.clients = list(number)
  pack.rows = rows(pack, number(), Array.from({ length: 6 }, () => decoding.readVarUint8Array(from)))
  pack.starts = list(() => [pack.clients[number()], number()])
  pack.update = decoding.readVarUint8Array(from)
  assert.equal(from.pos, body.length, 'bytes are left over')
  return pack
}

function rows({ after, users, clients }, count, columns) {
  const [seqs, times, authors, shapes, insertions, deletions] = columns.map((it) => decoding.createDecoder(it))
  const number = decoding.readVarUint
  let [seq, time] = [after, 0]
  const ends = new Map()
  const found = Array.from({ length: count }, () => {
    seq += number(seqs) + 1
    time += signed(times)
    const user = users[number(authors)]
    const [inserted, deleted] = [number(shapes), number(shapes)]
    return {
      seq,
      time,
      user,
      inserted: Array.from({ length: inserted }, () => [clients[number(insertions)], number(insertions)]),
      deleted: Array.from({ length: deleted }, () => {
        const client = clients[number(deletions)]
        const clock = (ends.get(client) ?? 0) + signed(deletions)
        const length = number(deletions)
        ends.set(client, clock + length)
        return [client, clock, length]
      }),
    }
  })
  for (const column of [seqs, times, authors, shapes, insertions, deletions]) {
    assert.ok(!decoding.hasContent(column), 'a column is longer than its rows')
  }
  return found
}

function signed(decoder) {
  const number = decoding.readVarUint(decoder)
  return number % 2 === 0 ? number / 2 : -(number + 1) / 2
}

function uuid(bytes) {
  return Buffer.from(bytes).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** The document of a pack, whose moments are filters: the pieces that are born and not yet dead. */
export class PackedDocument {
  constructor(pack) {
    this.pack = pack
    this.doc = new Y.Doc({ gc: false })
    Y.applyUpdate(this.doc, pack.update)
  }

  /** The document after so many rows, made of nothing but the rows and the pieces. */
  at(count) {
    const clocks = new Map()
    const deleted = Y.createDeleteSet()
    for (const row of this.pack.rows.slice(0, count)) {
      for (const [client, length] of row.inserted) clocks.set(client, (clocks.get(client) ?? 0) + length)
      for (const [client, clock, len] of row.deleted) {
        if (!deleted.clients.has(client)) deleted.clients.set(client, [])
        deleted.clients.get(client).push({ clock, len })
      }
    }
    for (const ranges of deleted.clients.values()) ranges.sort((a, b) => a.clock - b.clock)
    return Y.createDocFromSnapshot(this.doc, Y.createSnapshot(deleted, clocks), new Y.Doc({ gc: false }))
  }

  /** Which user the row belongs to that a unit is born with. */
  bornBy() {
    const ends = new Map()
    this.pack.rows.forEach((row) => row.inserted.forEach(([client, length]) => {
      if (!ends.has(client)) ends.set(client, [])
      const all = ends.get(client)
      all.push({ end: (all.at(-1)?.end ?? 0) + length, user: row.user })
    }))
    return ({ client, clock }) => {
      const all = ends.get(client)
      let [low, high] = [0, all.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if (all[middle].end > clock) high = middle
        else low = middle + 1
      }
      return all[low].user
    }
  }
}
