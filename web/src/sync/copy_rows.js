// How a document's copy lies in the database: one record, and its updates as rows in order, which become one when
// there are many. Several tabs write to the same copy; each transaction finds what the others did before it.
import { Y } from '../../vendor/core.js'
import { request } from './database.js'
import { isEmpty } from './life.js'
import { merged, readMarks, unconfirmed } from './marks.js'
import { removeCopy } from './offline_list.js'

/** Rows, or bytes beyond the first row, that make it worth while to write everything as one row. */
const ROWS_MOST = 100
const LOOSE_BYTES_MOST = 1 << 20

/**
 * What is kept about a copy.
 * @typedef {object} CopyRecord
 * @property {string} name
 * @property {string} life random; a copy that was dropped and made again has another one
 * @property {string | null} epoch null while the document was never on the server
 * @property {import('./marks.js').Marks} marks edits that are not confirmed
 * @property {number} next number of the next row
 * @property {number} rows
 * @property {number} bytes of all rows
 * @property {number} loose of these, bytes since everything was one row
 * @property {number} opened ms since 1970
 * @property {number} changed ms since 1970
 * @property {Record<string, unknown>} about what the app wants to list
 */

/** The rows of one document. */
export class CopyRows {
  /** Whether compacting would help. */
  isLoose = false
  /** The life of the copy we have loaded or made. @type {string | null} */
  life = null
  /** How many copies we have made. */
  #made = 0
  /** Numbers of rows that are in our document for sure. @type {Set<number>} */
  #have = new Set()
  #options

  /**
   * @param {object} options
   * @param {string} options.name
   * @param {import('./database.js').Database} options.database
   * @param {string} options.session
   * @param {() => number} options.now
   * @param {(doc: Y.Doc) => Record<string, unknown>} options.describe
   */
  constructor({ name, ...options }) {
    /** The document's. */
    this.name = name
    this.#options = options
  }

  /** Everything stored, ours only when `took` is told so; notes that the document was opened. @returns {Promise<{ record: CopyRecord | null, updates: Uint8Array[], numbers: number[] }>} */
  load() {
    const { name } = this
    const { database, now } = this.#options
    return database.transact('readwrite', async ({ documents, updates }) => {
      const record = await request(documents.get(name))
      if (!record) return { record: null, updates: [], numbers: [] }
      const rows = await request(updates.index('name').getAll(name))
      documents.put({ ...record, opened: now() })
      return { record: { ...record, marks: readMarks(record.marks) }, updates: rows.map(row => row.update), numbers: rows.map(row => row.number) }
    })
  }

  /** What was loaded is in our document. @param {CopyRecord} record @param {number[]} numbers of its rows */
  took(record, numbers) {
    this.life = record.life
    this.#have = new Set(numbers)
    this.isLoose = isLoose(record)
  }

  /**
   * Adds changes, with what is known about confirmations.
   * @param {Y.Doc} doc
   * @param {Uint8Array[]} changes
   * @param {string | null} epoch
   * @param {import('./marks.js').Marks} marks
   */
  append(doc, changes, epoch, marks) {
    const { name } = this
    const { database, now, describe } = this.#options
    return database.transact('readwrite', async ({ documents, updates }) => {
      const found = /** @type {CopyRecord | undefined} */ (await request(documents.get(name)))
      const isOurs = found !== undefined && found.life === this.life
      if (!found && isEmpty(doc)) return
      const isOther = isOurs ? found.epoch !== null && epoch !== null && found.epoch !== epoch : found && found.epoch !== epoch
      if (isOther) throw new DOMException('the copy on this device is of another document', 'InvalidStateError')
      if (isOurs && changes.length === 0 && found.epoch === epoch && Object.keys(found.marks).length === 0 && Object.keys(unconfirmed(marks)).length === 0) return
      const record = found ?? { name, life: `${this.#options.session}.${++this.#made}`, epoch, marks: {}, next: 0, rows: 0, bytes: 0, loose: 0, opened: now(), changed: now(), about: {} }
      // A copy that is not the one we loaded may lack anything that we have.
      const update = isOurs ? combined(changes) : Y.encodeStateAsUpdate(doc)
      const number = record.next
      if (update) updates.put({ name, number, update })
      const size = update?.length ?? 0
      const next = {
        ...record,
        epoch: epoch ?? record.epoch,
        marks: unconfirmed(merged(readMarks(record.marks), marks)),
        next: number + (update ? 1 : 0),
        rows: record.rows + (update ? 1 : 0),
        bytes: record.bytes + size,
        loose: record.loose + (found ? size : 0),
        changed: changes.length > 0 ? now() : record.changed,
        about: describe(doc),
      }
      documents.put(next)
      return { next, number }
    }).then(written => {
      if (!written) return
      // Another copy counts its rows anew.
      if (written.next.life !== this.life) this.#have.clear()
      this.life = written.next.life
      this.#have.add(written.number)
      this.isLoose = isLoose(written.next)
    })
  }

  /** Makes one row of all. Rows of other tabs that we may not have seen are taken in. @param {Y.Doc} doc */
  async compact(doc) {
    const { compacted } = await import('./copy_upkeep.js')
    const done = await compacted(this.#options.database, { name: this.name, life: this.life, have: this.#have }, doc)
    if (!done) return
    this.#have = new Set(done.isSeen ? [done.number] : [])
    this.isLoose = false
  }

  /** Puts everything under another name; fails when that has another document's unsent edits. @param {string} name */
  async moveTo(name) {
    const { moved } = await import('./copy_upkeep.js')
    const from = this.name
    this.name = name
    // Rows have new numbers then.
    if (await moved(this.#options.database, from, name)) this.#have.clear()
  }

  /** Deletes the copy, unless it was deleted already and what is there now is another one. One that was never read is known by its epoch. @param {string | null} epoch */
  remove(epoch) {
    const { life } = this
    this.life = null
    return removeCopy(this.#options.database, this.name, record => {
      const found = /** @type {CopyRecord} */ (record)
      return life === null ? epoch !== null && found.epoch === epoch : found.life === life
    })
  }
}

/** @param {CopyRecord} record */
function isLoose({ rows, bytes, loose }) {
  return rows > ROWS_MOST || loose > Math.max(LOOSE_BYTES_MOST, bytes - loose)
}

/** @param {Uint8Array[]} changes */
function combined(changes) {
  if (changes.length < 2) return changes[0]
  return Y.mergeUpdates(changes)
}
