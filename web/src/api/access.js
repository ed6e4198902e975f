// Asking for access to a document, and answering who asks, through /api/v1.
import { inApp } from '../mount/index.js'
import { Http } from './http.js'

/** @typedef {'view' | 'edit'} Wanted */
/** @typedef {{ state: 'waiting' | 'refused' } | { state: 'allowed', access: Wanted, token: string }} Answer */

/**
 * Somebody who waits.
 * @typedef {object} Asking
 * @property {string} id
 * @property {Wanted} access
 * @property {string} name may be empty
 * @property {boolean} verified whether something vouches for the name
 * @property {string} note may be empty
 * @property {number} asked ms since 1970
 */

export class AccessRequests {
  #http
  #at

  /** @param {string} name the document's @param {() => string} author the person's name @param {typeof globalThis.fetch} [fetch] */
  constructor(name, author, fetch) {
    this.#http = new Http(author, fetch)
    this.#at = inApp(`/api/v1/documents/${encodeURIComponent(name)}/access-requests`)
  }

  /** Asks; the same ticket again tells how it stands. @param {string} ticket @param {Wanted} access @param {string} note @returns {Promise<Answer>} */
  ask(ticket, access, note) {
    return this.#http.send('POST', this.#at, { json: { ticket, access, note } })
  }

  /** Who waits, the longest first. @returns {Promise<Asking[]>} */
  async list() {
    return (await this.#http.send('GET', this.#at)).requests
  }

  /** @param {string} id @param {boolean} allow */
  answer(id, allow) {
    return this.#http.send('PUT', `${this.#at}/${id}`, { json: { allow } })
  }
}
