// A document's whole past: who wrote which clock values of which client and when each was inserted and deleted, and the
// Yjs document with everything that was ever in it. Packs that follow continue it. Knows no content and no DOM.
import { Y } from '../../vendor/core.js'
import { NEVER, firstAbove } from './columns.js'
import { PackError } from './pack.js'

/** @typedef {import('./pack.js').Pack} Pack */
/** @typedef {import('./pack.js').User} User */

/** More clock values than this are not shown: each takes four bytes here. */
const VALUES_MOST = 1 << 25

/** What rows inserted of one client, and when each of its clock values was deleted. */
class Client {
  /** Where each insertion ends, and the row it came with. @type {number[]} */
  ends = []
  /** @type {number[]} */
  rows = []
  died = new Uint32Array(256).fill(NEVER)

  get next() {
    return this.ends.at(-1) ?? 0
  }

  /** @param {number} length @param {number} row */
  insert(length, row) {
    const next = this.next + length
    if (next > VALUES_MOST) throw new PackError('the document is too large to show')
    this.ends.push(next)
    this.rows.push(row)
    if (next <= this.died.length) return
    const died = new Uint32Array(Math.max(next, this.died.length * 2)).fill(NEVER)
    died.set(this.died)
    this.died = died
  }

  /** The first deletion counts. @param {number} clock @param {number} length @param {number} row */
  delete(clock, length, row) {
    if (clock + length > this.next) throw new PackError('it deletes what nobody inserted')
    for (let at = clock; at < clock + length; at += 1) if (this.died[at] === NEVER) this.died[at] = row
  }
}

export class Past {
  doc = new Y.Doc({ gc: false })
  /** @type {User[]} */
  users = []
  /** @type {number[]} */
  seqs = []
  /** @type {number[]} */
  times = []
  /** @type {number[]} */
  authors = []
  /** Clock values that rows inserted, and deleted. @type {number[]} */
  inserted = []
  /** @type {number[]} */
  deleted = []
  /** @type {Map<number, Client>} */
  clients = new Map()
  /** @type {Map<string, number>} */
  #places = new Map()

  /** @param {Pack} pack from the beginning */
  constructor(pack) {
    this.epoch = pack.epoch
    this.last = pack.after
    this.floor = pack.floor
    if (pack.after !== 0 || pack.starts.size > 0) throw new PackError('it has no beginning')
    this.add(pack)
  }

  /** Continues. @param {Pack} pack */
  add(pack) {
    if (pack.epoch !== this.epoch) throw new PackError('it is of another document')
    if (pack.after !== this.last) throw new PackError('something is missing before it')
    const users = pack.users.map(user => this.#placeOf(user))
    const clients = [...pack.clients].map(id => this.#clientOf(id))
    for (const [index, clock] of pack.starts) if (clients[index].next !== clock) throw new PackError('something is missing before it')
    for (let row = 0; row < pack.seqs.length; row += 1) this.#addRow(pack, row, clients, users)
    this.last = pack.last
    if (pack.seqs.length > 0) this.#apply(pack.update)
  }

  /** @param {Pack} pack @param {number} row @param {Client[]} clients @param {number[]} users */
  #addRow(pack, row, clients, users) {
    const place = this.seqs.length
    let inserted = 0
    let deleted = 0
    for (let at = pack.insertedFrom[row]; at < pack.insertedFrom[row + 1]; at += 1) {
      const { client, length } = pack.insertions[at]
      clients[client].insert(length, place)
      inserted += length
    }
    for (let at = pack.deletedFrom[row]; at < pack.deletedFrom[row + 1]; at += 1) {
      const { client, clock, length } = pack.deletions[at]
      clients[client].delete(clock, length, place)
      deleted += length
    }
    this.seqs.push(pack.seqs[row])
    // A clock that was set back does not turn the past around.
    this.times.push(Math.max(pack.times[row], this.times.at(-1) ?? 0))
    this.authors.push(users[pack.authors[row]])
    this.inserted.push(inserted)
    this.deleted.push(deleted)
  }

  /** @param {Uint8Array} update */
  #apply(update) {
    try {
      Y.applyUpdate(this.doc, update)
    } catch {
      throw new PackError('its document is damaged')
    }
    const isWhole = this.doc.store.pendingStructs === null && [...this.clients].every(([id, { next }]) => Y.getState(this.doc.store, id) >= next)
    if (!isWhole) throw new PackError('its document lacks what its rows insert')
  }

  /** @param {User} user */
  #placeOf(user) {
    const key = JSON.stringify([user.kind, user.id, user.name])
    const known = this.#places.get(key)
    if (known !== undefined) return known
    this.#places.set(key, this.users.length)
    return this.users.push(user) - 1
  }

  /** @param {number} id */
  #clientOf(id) {
    const known = this.clients.get(id)
    if (known) return known
    const client = new Client()
    this.clients.set(id, client)
    return client
  }

  /**
   * Cuts clock values where their birth or death changes.
   * @param {Y.Item} item
   * @param {(from: number, to: number, born: number, died: number) => void} each offsets in the item
   */
  spans({ id: { client: id, clock }, length }, each) {
    const client = this.clients.get(id)
    // What no row inserted was never seen.
    if (!client) return
    const end = Math.min(clock + length, client.next)
    let insertion = firstAbove(client.ends, clock)
    for (let at = clock; at < end;) {
      while (client.ends[insertion] <= at) insertion += 1
      const died = client.died[at]
      const most = Math.min(end, client.ends[insertion])
      let to = at + 1
      while (to < most && client.died[to] === died) to += 1
      each(at - clock, to - clock, client.rows[insertion], died)
      at = to
    }
  }
}
