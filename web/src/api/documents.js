// The documents of the server, through /api/v1. Bodies are described in types.js.
import { inApp } from '../mount/index.js'
import { withTokens } from '../mount/token.js'
import { Http } from './http.js'

/** @typedef {import('./types.js').DocumentInfo} DocumentInfo */
/** @typedef {'md' | 'html' | 'txt' | 'json' | 'yjs'} Format */

/** What a document can be exported as and made from. @type {readonly Format[]} */
export const FORMATS = ['md', 'html', 'txt', 'json', 'yjs']

const ROOT = inApp('/api/v1/documents')
/** A file may travel over a slow line, in ms. */
const FILE_PATIENCE = 120_000

/** @param {string} name */
const at = name => `${ROOT}/${encodeURIComponent(name)}`

/** Where the browser downloads a document from. @param {string} name @param {Format} format */
export const exportUrl = (name, format) => withTokens(`${at(name)}/export.${format}`)

export class Documents {
  /**
   * @param {() => string} author the name of the person, as others shall see it
   * @param {typeof globalThis.fetch} [fetch]
   */
  constructor(author, fetch) {
    this.http = new Http(author, fetch)
  }

  /**
   * Newest change first.
   * @param {{ query?: string, after?: string, limit?: number, bin?: boolean }} [which]
   * @param {AbortSignal} [signal]
   * @returns {Promise<import('./types.js').DocumentList>}
   */
  list({ bin = false, ...which } = {}, signal) {
    return this.http.send('GET', ROOT, { query: { ...which, bin: bin ? 1 : undefined }, signal })
  }

  /** @param {import('./types.js').NewDocument} about @param {{ signal?: AbortSignal, patience?: number }} [how] @returns {Promise<DocumentInfo>} */
  create(about, how) {
    return this.http.send('POST', ROOT, { json: about, ...how })
  }

  /**
   * Makes a document of a file.
   * @param {Blob} file
   * @param {import('./types.js').NewDocument & { format: Format }} about
   * @param {AbortSignal} [signal]
   * @returns {Promise<DocumentInfo>}
   */
  importFile(file, about, signal) {
    return this.http.send('POST', ROOT, { query: { ...about }, file, signal, patience: FILE_PATIENCE })
  }

  /** @param {string} name @param {AbortSignal} [signal] @returns {Promise<DocumentInfo>} */
  info(name, signal) {
    return this.http.send('GET', at(name), { signal })
  }

  /** Gives it another title; everybody in it sees that at once. @param {string} name @param {string} title @returns {Promise<DocumentInfo>} */
  rename(name, title) {
    return this.http.send('PATCH', at(name), { json: { title } })
  }

  /** @param {string} name @param {{ title?: string, name?: string }} [about] of the copy @returns {Promise<DocumentInfo>} */
  duplicate(name, about = {}) {
    return this.http.send('POST', `${at(name)}/duplicate`, { json: about })
  }

  /** Moves it to the bin. @param {string} name @returns {Promise<void>} */
  remove(name) {
    return this.http.send('DELETE', at(name))
  }

  /** Takes it out of the bin. @param {string} name @returns {Promise<DocumentInfo>} */
  restore(name) {
    return this.http.send('POST', `${at(name)}/restore`)
  }

  /** @param {string} name @returns {Promise<void>} */
  removeForever(name) {
    return this.http.send('DELETE', at(name), { query: { forever: 1 } })
  }
}
