// Reads a document's past in a worker of its own and follows it. Knows the worker's messages, not what packs hold.
import { inApp } from '../mount/index.js'
import { PackError } from './pack.js'

/** @typedef {import('./columns.js').Index} Index */

export class Reading {
  #worker = new Worker(inApp('/worker.js'), { type: 'module', name: 'history' })
  /** @type {Map<number, { resolve: (index: Index) => void, reject: (error: Error) => void }>} */
  #waiting = new Map()
  #last = 0
  /** @type {Error | null} */
  #failure = null

  constructor() {
    this.#worker.addEventListener('message', ({ data }) => {
      const answer = /** @type {import('./worker.js').Answer} */ (data)
      const waiting = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if ('index' in answer) waiting?.resolve(answer.index)
      else waiting?.reject(answer.isPack ? new PackError(answer.problem) : new Error(answer.problem))
    })
    this.#worker.addEventListener('error', event => {
      this.#failure = new Error(event.message || 'the worker cannot be started')
      for (const { reject } of this.#waiting.values()) reject(this.#failure)
      this.#waiting.clear()
    })
  }

  /** The past with this pack, which continues those before. @param {Uint8Array} bytes given away @returns {Promise<Index>} */
  add(bytes) {
    return new Promise((resolve, reject) => {
      // Nobody would answer any more.
      if (this.#failure) return reject(this.#failure)
      this.#waiting.set(++this.#last, { resolve, reject })
      this.#worker.postMessage({ id: this.#last, bytes }, [bytes.buffer])
    })
  }

  stop() {
    this.#worker.terminate()
  }
}
