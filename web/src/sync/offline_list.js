// The copies of documents on this device as a list: what there is, what was not sent, what may go. Reads no document,
// so that a page which only lists them need not load Yjs. Opening one: offline_store.js.
import { Database, request } from './database.js'
import { pending, readMarks } from './marks.js'
import { browser } from './socket.js'

/**
 * A copy, for a list.
 * @typedef {object} Listed
 * @property {string} name
 * @property {string | null} epoch
 * @property {number} unsent edits that the server has not confirmed
 * @property {number} bytes
 * @property {number} opened ms since 1970
 * @property {number} changed ms since 1970
 * @property {Record<string, unknown>} about what the app wants to list
 */

/**
 * @typedef {object} OfflineOptions
 * @property {IDBFactory | null} [indexedDB]
 * @property {string} [database] its name; one per server
 * @property {import('./socket.js').Environment} [environment]
 */

/** All copies of one device. */
export class OfflineList {
  /** @protected */
  database
  /** @protected */
  environment

  /** @param {OfflineOptions} [options] */
  constructor({ indexedDB = ownIndexedDB(), database = 'coscribe', environment = browser } = {}) {
    this.database = new Database(indexedDB, database, environment)
    this.environment = environment
  }

  /** All copies, the last opened first. @returns {Promise<Listed[]>} */
  async list() {
    const records = await this.database.transact('readonly', ({ documents }) => request(documents.getAll()))
    const listed = records.map(({ name, epoch, marks, bytes, opened, changed, about }) => ({ name, epoch, unsent: pending(readMarks(marks)), bytes, opened, changed, about }))
    return listed.sort((a, b) => b.opened - a.opened)
  }

  /** Deletes a copy, with edits that were not sent. @param {string} name */
  forget(name) {
    return removeCopy(this.database, name)
  }

  /**
   * Gives up copies that were not opened for long, and the oldest ones beyond the bytes that may be kept. Never one
   * with edits that the server lacks. Says which ones.
   * @param {number} [bytesMost]
   * @param {string} [except]
   * @returns {Promise<string[]>}
   */
  async evict(bytesMost, except) {
    const { evicted } = await import('./eviction.js')
    return evicted(this, this.database, this.environment.now(), bytesMost, except)
  }

  /** Lets go of the database. */
  close() {
    this.database.close()
  }
}

/** Deletes a copy if `only` agrees; says whether it did. @param {Database} database @param {string} name @param {(record: unknown) => boolean} [only] */
export function removeCopy(database, name, only = () => true) {
  return database.transact('readwrite', async ({ documents, updates }) => {
    const record = await request(documents.get(name))
    if (!record || !only(record)) return false
    await deleteCopy({ documents, updates }, name)
    return true
  })
}

/** Deletes a copy within a transaction. @param {import('./database.js').Stores} stores @param {string} name */
export async function deleteCopy({ documents, updates }, name) {
  documents.delete(name)
  for (const key of await request(updates.index('name').getAllKeys(name))) updates.delete(key)
}

/** Merely asking for it may throw where storage is refused. @returns {IDBFactory | null} */
function ownIndexedDB() {
  try {
    return globalThis.indexedDB ?? null
  } catch {
    return null
  }
}
