// Writes history packs as the server does, from raw updates with their times and authors, by replaying them in stock Yjs.
import { Y, encoding } from '../../vendor/core.js'
import { checksum } from '../../src/history/pack.js'
import { asWritten } from './typists.mjs'

/** @typedef {import('../../src/history/pack.js').User} User */
/** @typedef {{ seq: number, time: number, author: User, update: Uint8Array }} Entry */

const KINDS = ['verified', 'claimed', 'server', 'import']

/** Writes entries down, and later what follows. */
export class PackWriter {
  doc = new Y.Doc({ gc: false })
  last = 0

  /** @param {{ epoch?: string, floor?: number }} [about] */
  constructor({ epoch = '00112233-4455-6677-8899-aabbccddeeff', floor = 0 } = {}) {
    this.epoch = epoch
    this.floor = floor
    this.doc.on('beforeObserverCalls', asWritten)
  }

  /** The pack of these entries, after all those before. @param {Entry[]} entries */
  write(entries) {
    const after = this.last
    const before = Y.encodeStateVector(this.doc)
    const known = Y.decodeStateVector(before)
    const rows = entries.map(entry => this.#row(entry))
    this.last = rows.at(-1)?.seq ?? after
    const users = [...new Map(rows.map(({ author }) => [JSON.stringify(author), author])).values()]
    const clients = [...new Set(rows.flatMap(({ inserted, deleted }) => [...inserted.map(({ client }) => client), ...deleted.map(({ client }) => client)]))]
    const starts = clients.flatMap((client, index) => (known.has(client) ? [[index, Number(known.get(client))]] : []))
    const e = encoding.createEncoder()
    raw(e, [...'cscrpak'].map(sign => sign.charCodeAt(0)).concat(1))
    raw(e, (this.epoch.replaceAll('-', '').match(/../g) ?? []).map(two => parseInt(two, 16)))
    for (const number of [after, this.last, this.floor, users.length]) encoding.writeVarUint(e, number)
    for (const { kind, id, name } of users) {
      raw(e, [KINDS.indexOf(kind)])
      encoding.writeVarString(e, id)
      encoding.writeVarString(e, name)
    }
    encoding.writeVarUint(e, clients.length)
    for (const client of clients) encoding.writeVarUint(e, client)
    encoding.writeVarUint(e, rows.length)
    for (const column of columns(rows, after, users, clients)) encoding.writeVarUint8Array(e, column)
    encoding.writeVarUint(e, starts.length)
    for (const [index, clock] of starts) {
      encoding.writeVarUint(e, index)
      encoding.writeVarUint(e, clock)
    }
    encoding.writeVarUint8Array(e, rows.length > 0 ? Y.encodeStateAsUpdate(this.doc, before) : new Uint8Array(0))
    return signed(encoding.toUint8Array(e))
  }

  /** @param {Entry} entry */
  #row({ update, ...about }) {
    /** @type {{ client: number, length: number }[]} */
    const inserted = []
    /** @type {{ client: number, clock: number, length: number }[]} */
    const deleted = []
    const listen = (/** @type {Y.Transaction} */ transaction) => {
      for (const [client, end] of transaction.afterState) {
        const length = end - (transaction.beforeState.get(client) ?? 0)
        if (length > 0) inserted.push({ client, length })
      }
      for (const [client, ranges] of transaction.deleteSet.clients) for (const { clock, len } of ranges) deleted.push({ client, clock, length: len })
    }
    this.doc.on('afterTransaction', listen)
    Y.applyUpdate(this.doc, update)
    this.doc.off('afterTransaction', listen)
    return { ...about, inserted, deleted }
  }
}

/** @param {any[]} rows @param {number} after @param {User[]} users @param {number[]} clients */
function columns(rows, after, users, clients) {
  const [seqs, times, authors, shapes, insertions, deletions] = Array.from({ length: 6 }, () => encoding.createEncoder())
  /** @type {Map<number, number>} */
  const ends = new Map()
  let seq = after
  let time = 0
  for (const row of rows) {
    encoding.writeVarUint(seqs, row.seq - seq - 1)
    writeSigned(times, row.time - time)
    encoding.writeVarUint(authors, users.findIndex(user => JSON.stringify(user) === JSON.stringify(row.author)))
    encoding.writeVarUint(shapes, row.inserted.length)
    encoding.writeVarUint(shapes, row.deleted.length)
    for (const { client, length } of row.inserted) {
      encoding.writeVarUint(insertions, clients.indexOf(client))
      encoding.writeVarUint(insertions, length)
    }
    for (const { client, clock, length } of row.deleted) {
      encoding.writeVarUint(deletions, clients.indexOf(client))
      writeSigned(deletions, clock - (ends.get(client) ?? 0))
      encoding.writeVarUint(deletions, length)
      ends.set(client, clock + length)
    }
    seq = row.seq
    time = row.time
  }
  return [seqs, times, authors, shapes, insertions, deletions].map(encoder => encoding.toUint8Array(encoder))
}

/** The bytes with the checksum they need behind them. @param {Uint8Array} bytes */
export function signed(bytes) {
  const all = new Uint8Array(bytes.length + 4)
  all.set(bytes)
  new DataView(all.buffer).setUint32(bytes.length, checksum(bytes), true)
  return all
}

/** @param {encoding.Encoder} encoder @param {number} number */
const writeSigned = (encoder, number) => encoding.writeVarUint(encoder, number < 0 ? -number * 2 - 1 : number * 2)

/** @param {encoding.Encoder} encoder @param {number[]} bytes */
const raw = (encoder, bytes) => encoding.writeUint8Array(encoder, Uint8Array.from(bytes))

