// Tells listeners that something may have changed, and waits until something is so. Knows nothing of what.

/** A subject without a value. */
export class Changes {
  /** @type {Set<() => void>} */
  #listeners = new Set()
  /** @type {Set<() => void>} */
  #waiting = new Set()

  /** Calls `listener` at every change; returns how to stop that. @param {() => void} listener */
  subscribe(listener) {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Something may have changed. A listener's error stays here: beyond are Yjs and the editor that made an edit. */
  tell() {
    for (const listener of [...this.#listeners, ...this.#waiting]) {
      try {
        listener()
      } catch (error) {
        console.error('a listener failed', error)
      }
    }
  }

  /** Resolves when `isSo` says so, asked now and at every change; fails when it throws. @param {() => boolean} isSo @returns {Promise<void>} */
  until(isSo) {
    return new Promise((resolve, reject) => {
      const check = () => {
        try {
          if (!isSo()) return
          resolve()
        } catch (error) {
          reject(error)
        }
        this.#waiting.delete(check)
      }
      this.#waiting.add(check)
      check()
    })
  }

  /** Listeners are not told any more; who waits is asked a last time. */
  end() {
    this.#listeners.clear()
    this.tell()
    this.#waiting.clear()
  }
}

/**
 * A listener to a document's updates that never throws: Yjs, once one has, tells nobody of any later edit.
 * @template {unknown[]} Values
 * @param {(...values: Values) => void} run
 * @param {() => void} failed
 * @returns {(...values: Values) => void}
 */
export function contained(run, failed) {
  return (...values) => {
    try {
      run(...values)
    } catch (error) {
      console.error('an edit was not passed on', error)
      failed()
    }
  }
}
