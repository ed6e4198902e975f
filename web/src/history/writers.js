// Who inserted which clock values, asked by client and clock. Pure.
import { firstAbove } from './columns.js'

export class Writers {
  /** @type {Map<number, number>} */
  #places
  #columns
  #authors

  /** @param {Pick<import('./columns.js').Index, 'clients' | 'authors'>} index */
  constructor({ clients, authors }) {
    this.#columns = clients
    this.#authors = authors
    this.#places = new Map([...clients.ids].map((id, place) => [id, place]))
  }

  /** The author of a clock value and the end of what came with it; null when it came after the index. @param {number} client @param {number} clock */
  at(client, clock) {
    const place = this.#places.get(client)
    if (place === undefined) return null
    const { from, ends, rows } = this.#columns
    const found = firstAbove(ends, clock, from[place], from[place + 1])
    return found === from[place + 1] ? null : { end: ends[found], author: this.#authors[rows[found]] }
  }
}
