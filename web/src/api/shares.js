// Share links of a document, through /api/v1.
import { inApp } from '../mount/index.js'
import { Http } from './http.js'

/** What a link may give. @typedef {'view' | 'comment' | 'edit'} LinkAccess */

/**
 * @typedef {object} Wanted
 * @property {LinkAccess} access
 * @property {string} name what its maker calls it; may be empty
 * @property {number | null} expires ms since 1970
 */

/**
 * @typedef {object} Share
 * @property {string} id
 * @property {LinkAccess} access
 * @property {string} name what its maker calls it; may be empty
 * @property {number} created ms since 1970
 * @property {number | null} expires ms since 1970
 * @property {string} [token] told once, when it is made
 */

export class Shares {
  #http
  #at

  /** @param {string} name the document's @param {() => string} author the person's name @param {typeof globalThis.fetch} [fetch] */
  constructor(name, author, fetch) {
    this.#http = new Http(author, fetch)
    this.#at = inApp(`/api/v1/documents/${encodeURIComponent(name)}/shares`)
  }

  /** The newest first. @returns {Promise<Share[]>} */
  async list() {
    return (await this.#http.send('GET', this.#at)).shares
  }

  /** @param {Wanted} wanted @returns {Promise<Share>} */
  make = wanted => this.#http.send('POST', this.#at, { json: wanted })

  /** Whoever came through it is sent away at once. @param {string} id */
  end(id) {
    return this.#http.send('DELETE', `${this.#at}/${id}`)
  }
}
