// Copies of documents on this device, in IndexedDB, so that they open and are edited without the server. No DOM:
// the database and the channel between tabs are parameters. One copy: offline_copy.js; its layout: copy_rows.js.
import { removeCopy } from './copy_rows.js'
import { Database, request } from './database.js'
import { pending, readMarks } from './marks.js'
import { OfflineCopy } from './offline_copy.js'
import { browser } from './socket.js'

/** Copies that everybody has on the server too are given up after this long, in ms, or beyond this many bytes in all. */
const KEEP_FOR = 90 * 86_400_000
const KEEP_BYTES = 200 << 20

/**
 * A copy, for a list.
 * @typedef {object} Listed
 * @property {string} name
 * @property {string | null} epoch
 * @property {number} unsent edits that the server has not confirmed
 * @property {number} bytes
 * @property {number} opened ms since 1970
 * @property {number} changed ms since 1970
 * @property {Record<string, unknown>} about what `describe` said
 */

/** All copies of one device. */
export class OfflineStore {
  #database
  #channels
  #databaseName
  #describe
  #environment

  /**
   * @param {object} [options]
   * @param {IDBFactory | null} [options.indexedDB]
   * @param {(new (name: string) => import('./tabs.js').Channel) | null} [options.BroadcastChannel]
   * @param {string} [options.database] its name; one per server
   * @param {(doc: import('../../vendor/core.js').Y.Doc) => Record<string, unknown>} [options.describe] what `list` tells about a document
   * @param {import('./socket.js').Environment} [options.environment]
   */
  constructor({ indexedDB = ownIndexedDB(), BroadcastChannel = globalThis.BroadcastChannel ?? null, database = 'coscribe', describe = () => ({}), environment = browser } = {}) {
    this.#database = new Database(indexedDB, database, environment)
    this.#channels = BroadcastChannel
    this.#databaseName = database
    this.#describe = describe
    this.#environment = environment
  }

  /** The copy of a document, loading. @param {string} name @param {import('./offline_copy.js').Owner} owner */
  open(name, owner) {
    const Channel = this.#channels
    return new OfflineCopy({
      name,
      database: this.#database,
      channel: Channel && (() => new Channel(`${this.#databaseName}/${name}`)),
      describe: this.#describe,
      environment: this.#environment,
      makeRoom: () => this.evict(0, name).catch(() => {}),
    }, owner)
  }

  /** All copies, the last opened first. @returns {Promise<Listed[]>} */
  async list() {
    const records = await this.#database.transact('readonly', ({ documents }) => request(documents.getAll()))
    const listed = records.map(({ name, epoch, marks, bytes, opened, changed, about }) => ({ name, epoch, unsent: pending(readMarks(marks)), bytes, opened, changed, about }))
    return listed.sort((a, b) => b.opened - a.opened)
  }

  /** Deletes a copy, with edits that were not sent. @param {string} name */
  forget(name) {
    return removeCopy(this.#database, name)
  }

  /**
   * Gives up copies that were not opened for long, and the oldest ones beyond the bytes that may be kept. Never one
   * with edits that the server lacks. Says which ones.
   * @param {number} [bytesMost]
   * @param {string} [except]
   */
  async evict(bytesMost = KEEP_BYTES, except = '') {
    const copies = (await this.list()).reverse()
    let bytes = copies.reduce((sum, copy) => sum + copy.bytes, 0)
    const gone = []
    for (const copy of copies) {
      const isOld = this.#environment.now() - copy.opened > KEEP_FOR
      if (copy.unsent > 0 || copy.name === except || (!isOld && bytes <= bytesMost)) continue
      if (!(await removeCopy(this.#database, copy.name, record => pending(record.marks) === 0 && record.opened === copy.opened))) continue
      bytes -= copy.bytes
      gone.push(copy.name)
    }
    return gone
  }

  /** Lets go of the database. */
  close() {
    this.#database.close()
  }
}

/** Merely asking for it may throw where storage is refused. @returns {IDBFactory | null} */
function ownIndexedDB() {
  try {
    return globalThis.indexedDB ?? null
  } catch {
    return null
  }
}
