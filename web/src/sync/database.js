// A thin promise layer over one IndexedDB database: opens it when needed and again after it was closed, runs
// transactions, and says what kind of failure it was. Knows nothing of what is stored.

/** Raised with the schema; an older tab then lets go of the database. */
const VERSION = 1
/** Nobody waits longer for the database to open, in ms: it may hang for ever while another tab holds an older version. */
const PATIENCE = 3000

/** `documents` by name, `updates` by name and number, found by name. @typedef {{ documents: IDBObjectStore, updates: IDBObjectStore }} Stores */
/** `missing`: there is no IndexedDB; `slow`: it has not opened yet; `full`: no room; `refused`: anything else. @typedef {'missing' | 'slow' | 'full' | 'refused'} StorageProblem */

/** One database of this device. */
export class Database {
  /** @type {Promise<IDBDatabase> | null} */
  #opening = null
  #factory
  #name
  #environment

  /**
   * @param {IDBFactory | null} factory null where there is none
   * @param {string} name
   * @param {import('./socket.js').Environment} environment
   */
  constructor(factory, name, environment) {
    this.#factory = factory
    this.#name = name
    this.#environment = environment
  }

  /**
   * Runs `work` in one transaction over both stores: all of it happens or nothing. `work` may wait for
   * `request` only.
   * @template Result
   * @param {IDBTransactionMode} mode
   * @param {(stores: Stores) => Promise<Result>} work
   * @returns {Promise<Result>}
   */
  async transact(mode, work) {
    const database = await this.#patiently((this.#opening ??= this.#open()))
    let transaction
    try {
      transaction = database.transaction(['documents', 'updates'], mode)
    } catch (error) {
      // The browser closed it, as when somebody clears the site's data: the next attempt opens a new one.
      this.close()
      throw error
    }
    const ended = new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(undefined)
      transaction.onabort = () => reject(transaction.error ?? new DOMException('the transaction was aborted', 'AbortError'))
    })
    ended.catch(() => {})
    try {
      const result = await work({ documents: transaction.objectStore('documents'), updates: transaction.objectStore('updates') })
      await ended
      return result
    } catch (error) {
      try {
        transaction.abort()
      } catch {
        // It has ended already.
      }
      throw error
    }
  }

  /** Lets go of the database. */
  close() {
    this.#opening?.then(database => database.close(), () => {})
    this.#opening = null
  }

  /** Waits for a while; who comes later finds the database still opening, or open. @param {Promise<IDBDatabase>} opening @returns {Promise<IDBDatabase>} */
  #patiently(opening) {
    const { setTimeout, clearTimeout } = this.#environment
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new DOMException('the storage does not open', 'TimeoutError')), PATIENCE)
      opening.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }

  /** @returns {Promise<IDBDatabase>} */
  #open() {
    const opening = new Promise((resolve, reject) => {
      if (!this.#factory) throw new DOMException('there is no storage', 'NotSupportedError')
      const asked = this.#factory.open(this.#name, VERSION)
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore('documents', { keyPath: 'name' })
        asked.result.createObjectStore('updates', { keyPath: ['name', 'number'] }).createIndex('name', 'name')
      }
      asked.onsuccess = () => {
        const forget = () => {
          asked.result.close()
          if (this.#opening === opening) this.#opening = null
        }
        asked.result.onversionchange = forget
        asked.result.onclose = forget
        resolve(asked.result)
      }
      asked.onerror = () => reject(asked.error)
    })
    // A failure is not remembered: the next transaction tries again.
    opening.catch(() => this.#opening === opening && (this.#opening = null))
    return /** @type {Promise<IDBDatabase>} */ (opening)
  }
}

/** The answer to a request within a transaction. @template Result @param {IDBRequest<Result>} asked @returns {Promise<Result>} */
export function request(asked) {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error)
  })
}

/** @param {unknown} error @returns {StorageProblem} */
export function problemOf(error) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : ''
  if (name === 'NotSupportedError') return 'missing'
  if (name === 'TimeoutError') return 'slow'
  return name === 'QuotaExceededError' ? 'full' : 'refused'
}
