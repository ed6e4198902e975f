// Brings a document's past to the page and keeps it up to date while it is looked at. A new life of the document, or a past
// that was cut, is read again from the beginning.
import { ApiError } from '../../api/http.js'
import { explain } from '../../api/problems.js'
import { PackError } from '../../history/pack.js'
import { Reading } from '../../history/reading.js'

/** @typedef {import('./scene.js').Scene} Scene */

/** How often a page that is seen asks for what is new, in ms. */
const EVERY = 3000

export class Loading {
  #scene
  #reading = new Reading()
  #stopped = new AbortController()
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  #isAsking = false

  /** @param {Scene} scene @param {() => void} onIndex */
  constructor(scene, onIndex) {
    this.#scene = scene
    this.onIndex = onIndex
    document.addEventListener('visibilitychange', () => this.#later(0), { signal: this.#stopped.signal })
    addEventListener('online', () => this.#later(0), { signal: this.#stopped.signal })
  }

  /** From the beginning. */
  async start() {
    const { api, problem } = this.#scene
    // Who has problems to read it once may have better luck with a new worker.
    if (problem.value) this.#renew()
    problem.value = null
    this.#isAsking = true
    try {
      this.#show(await this.#reading.add(await api.pack(null, this.#stopped.signal)))
    } catch (error) {
      if (!this.#stopped.signal.aborted) problem.value = problemOf(error)
    }
    this.#isAsking = false
    this.#later(EVERY)
  }

  /** Asks for what is new, now. */
  async follow() {
    const { api, index } = this.#scene
    if (this.#isAsking || document.visibilityState === 'hidden') return this.#later(EVERY)
    if (!index.value) return this.start()
    this.#isAsking = true
    try {
      const next = await this.#reading.add(await api.pack(index.value, this.#stopped.signal))
      if (next.last > index.value.last) this.#show(next)
    } catch (error) {
      const isOther = error instanceof PackError || (error instanceof ApiError && [409, 410].includes(error.status))
      if (isOther && !this.#stopped.signal.aborted) return this.#again()
    }
    this.#isAsking = false
    this.#later(EVERY)
  }

  #renew() {
    this.#reading.stop()
    this.#reading = new Reading()
  }

  #again() {
    this.#renew()
    this.#isAsking = false
    return this.start()
  }

  /** @param {import('../../history/columns.js').Index} index */
  #show(index) {
    this.#scene.index.value = index
    this.onIndex()
  }

  /** @param {number} ms */
  #later(ms) {
    clearTimeout(this.#timer)
    if (!this.#stopped.signal.aborted && !this.#isAsking) this.#timer = setTimeout(() => void this.follow(), ms)
  }

  stop() {
    this.#stopped.abort()
    clearTimeout(this.#timer)
    this.#reading.stop()
  }
}

/** @param {unknown} error @returns {{ kind: import('./scene.js').Problem, detail: string }} */
function problemOf(error) {
  if (error instanceof PackError) return { kind: 'damaged', detail: error.message }
  if (!(error instanceof ApiError)) return { kind: 'failed', detail: error instanceof Error ? error.message : String(error) }
  if (error.isUnreached) return { kind: 'offline', detail: '' }
  return { kind: error.status === 404 || error.status === 410 ? 'missing' : 'failed', detail: explain(error) }
}
