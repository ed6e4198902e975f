// The past of a document, through /api/v1: its pack, versions, and what is made of a moment.
import { inApp } from '../mount/index.js'
import { Http } from './http.js'

/** A pack of a long past may travel over a slow line, in ms. */
const PACK_PATIENCE = 120_000
/** Restoring and copying write a document, in ms. */
const WRITE_PATIENCE = 60_000

/**
 * @typedef {object} Version
 * @property {string | number} id
 * @property {string} name empty for an automatic one that nobody has named
 * @property {number} seq
 * @property {number} time ms since 1970
 * @property {{ kind: string, id: string, name: string }} author
 * @property {boolean} automatic
 * @property {number | null} size null when the past cannot be read now
 * @property {{ inserted: number, deleted: number } | null} change since the version before
 */

/** What a moment can be exported as. @type {readonly ('md' | 'html' | 'txt' | 'json' | 'yjs')[]} */
export const MOMENT_FORMATS = ['md', 'html', 'txt', 'json', 'yjs']

export class History {
  #http
  #at

  /** @param {string} name the document's @param {() => string} author the person's name @param {typeof globalThis.fetch} [fetch] */
  constructor(name, author, fetch) {
    this.#http = new Http(author, fetch)
    this.#at = inApp(`/api/v1/documents/${encodeURIComponent(name)}`)
  }

  /**
   * Everything up to now, or what came after an entry in the same life of the document.
   * @param {{ last: number, epoch: string } | null} [known] what is known already
   * @param {AbortSignal} [signal]
   * @returns {Promise<Uint8Array>}
   */
  pack(known, signal) {
    return this.#http.send('GET', `${this.#at}/history`, { query: { after: known?.last, epoch: known?.epoch }, isBytes: true, patience: PACK_PATIENCE, signal })
  }

  /** Newest first. @returns {Promise<Version[]>} */
  async versions() {
    return (await this.#http.send('GET', `${this.#at}/versions`)).versions
  }

  /** @param {string} name @param {number} seq @returns {Promise<Version>} */
  nameVersion(name, seq) {
    return this.#http.send('POST', `${this.#at}/versions`, { json: { name, seq } })
  }

  /** @param {Version['id']} id @param {string} name */
  renameVersion(id, name) {
    return this.#http.send('PATCH', `${this.#at}/versions/${id}`, { json: { name } })
  }

  /** @param {Version['id']} id */
  removeVersion(id) {
    return this.#http.send('DELETE', `${this.#at}/versions/${id}`)
  }

  /** Makes the document what it was, as an edit of its own. @param {number} seq @returns {Promise<{ seq: number }>} */
  restore(seq) {
    return this.#http.send('POST', `${this.#at}/history/restore`, { json: { seq }, patience: WRITE_PATIENCE })
  }

  /** Makes a new document of a moment. @param {number} seq @param {string} title @returns {Promise<{ name: string }>} */
  copy(seq, title) {
    return this.#http.send('POST', `${this.#at}/history/copy`, { json: { seq, ...(title && { title }) }, patience: WRITE_PATIENCE })
  }

  /** Where the browser downloads a moment from. @param {number} seq @param {string} format */
  exportUrl(seq, format) {
    return `${this.#at}/history/${seq}/export.${format}`
  }
}
