// What the home page knows of documents: those of the server, page by page, and those of this device.
// Draws nothing; is given the server, the device and the clock.
import { computed, signal } from '../../vendor/view.js'
import { itemOf, merge, recentItem } from './items.js'

/** @typedef {import('../api/types.js').DocumentInfo} DocumentInfo */
/** @typedef {import('./items.js').Item} Item */
/** @typedef {import('../device/recent.js').Recent & { isUnsent?: boolean, isHere?: boolean }} Local */
/** How the server's list stands. @typedef {'loading' | 'ready' | 'not-listed' | 'failed'} State */

/** Documents in one answer, and in the largest one asked for when the page is looked at again. */
const PAGE = 50
const PAGE_LARGEST = 200
/** Documents of this device that the server is asked about one by one, when its list did not tell. */
const ASKED_MOST = 12

export class Library {
  /**
   * @param {object} parts
   * @param {import('../api/documents.js').Documents} parts.api
   * @param {() => Promise<Local[]> | Local[]} parts.readLocal newest first
   * @param {(name: string, about: { title: string, kind: Item['kind'] }) => void} parts.describeLocal
   * @param {() => boolean} parts.mayMove whether rows may change places now
   */
  constructor({ api, readLocal, describeLocal, mayMove }) {
    this.api = api
    this.readLocal = readLocal
    this.describeLocal = describeLocal
    this.mayMove = mayMove
    this.state = signal(/** @type {State} */ ('loading'))
    this.problem = signal(/** @type {unknown} */ (null))
    this.documents = signal(/** @type {DocumentInfo[]} */ ([]))
    this.next = signal(/** @type {string | null} */ (null))
    this.isLoadingMore = signal(false)
    this.local = signal(/** @type {Local[]} */ ([]))
    /** Documents the list did not tell of; null for one in the bin. */
    this.asked = signal(/** @type {Map<string, DocumentInfo | null>} */ (new Map()))
    /** Whether this device has a network at all. */
    this.isOnline = signal(true)
    this.all = computed(() => this.#mark(this.documents.value.map(itemOf)))
    this.recent = computed(() => this.#mark(this.#recent()))
  }

  /** Documents that the server is being asked to remove. @type {Set<string>} */
  #leaving = new Set()
  /** Counts our changes. */
  #version = 0

  /** The reading that is under way. @type {Promise<void> | null} */
  #reading = null

  /** Reads both lists; those shown stay until then. One after the other, so that the latest answer counts. @returns {Promise<void>} */
  refresh() {
    const reading = (this.#reading ?? Promise.resolve()).then(() => this.#read())
    this.#reading = reading
    return reading
  }

  async #read() {
    const device = this.readDevice()
    try {
      await this.#readPages()
      this.#settle('ready', null)
    } catch (error) {
      const isUnlisted = /** @type {import('../api/http.js').ApiError} */ (error).code === 'not-listed'
      this.#settle(isUnlisted ? 'not-listed' : 'failed', isUnlisted ? null : error)
      return
    }
    await device
    // What is asked beyond the list only makes it richer.
    await this.#askAboutLocal().catch(() => undefined)
  }

  /** Only what this device has. */
  async readDevice() {
    this.local.value = await this.readLocal()
  }

  /** As many documents as are shown. An answer from before a change of ours is asked for again. */
  async #readPages() {
    for (;;) {
      const version = this.#version
      const count = Math.max(PAGE, this.documents.value.length)
      const { documents, next } = await this.api.list({ limit: Math.min(count, PAGE_LARGEST) })
      if (version !== this.#version) continue
      const fresh = documents.filter(({ name }) => !this.#leaving.has(name))
      const isFirst = this.state.value === 'loading' || this.documents.value.length === 0
      const beyond = count > PAGE_LARGEST ? this.documents.value.filter(old => !fresh.some(({ name }) => name === old.name)) : []
      this.documents.value = [...merge(this.documents.value, fresh, isFirst || this.mayMove()), ...beyond]
      if (beyond.length === 0) this.next.value = next
      return
    }
  }

  /** The next page. */
  async more() {
    const after = this.next.value
    if (!after || this.isLoadingMore.value) return
    this.isLoadingMore.value = true
    try {
      const { documents, next } = await this.api.list({ limit: PAGE, after })
      this.put(documents, false)
      this.next.value = next
    } finally {
      this.isLoadingMore.value = false
    }
  }

  /** Documents that the pages read so far need not hold. @param {string} query @param {AbortSignal} signal */
  async find(query, signal) {
    if (this.state.value !== 'ready' || this.next.value === null) return []
    const { documents } = await this.api.list({ query, limit: PAGE }, signal)
    return documents.map(itemOf)
  }

  /** Takes in what the server told of documents. @param {DocumentInfo[]} infos @param {boolean} [isNewest] */
  put(infos, isNewest = true) {
    this.#version++
    const told = new Map(infos.map(info => [info.name, info]))
    const kept = this.documents.value.map(info => {
      const fresh = told.get(info.name)
      told.delete(info.name)
      return fresh ?? info
    })
    this.documents.value = isNewest ? [...told.values(), ...kept] : [...kept, ...told.values()]
    this.asked.value = new Map([...this.asked.value, ...infos.map(info => /** @type {const} */ ([info.name, info]))])
  }

  /**
   * Takes a document out of both lists while the server is asked to.
   * @param {string} name
   * @returns {{ done: () => void, back: () => void }} what to call when the server did it, and to put it back where it was
   */
  hide(name) {
    const documents = this.documents.value
    const index = documents.findIndex(info => info.name === name)
    const before = this.asked.value.get(name)
    this.#leaving.add(name)
    this.documents.value = documents.filter(info => info.name !== name)
    this.asked.value = new Map(this.asked.value).set(name, null)
    const done = () => {
      this.#leaving.delete(name)
      this.#version++
    }
    const back = () => {
      done()
      const asked = new Map(this.asked.value)
      if (before) asked.set(name, before)
      else asked.delete(name)
      this.asked.value = asked
      if (index < 0 || this.documents.value.some(info => info.name === name)) return
      this.documents.value = this.documents.value.toSpliced(index, 0, documents[index])
    }
    return { done, back }
  }

  /** @param {State} state @param {unknown} problem */
  #settle(state, problem) {
    // What is on the screen stays when the server cannot be reached again.
    if (state !== 'failed' || this.state.value === 'loading') this.state.value = state
    this.problem.value = problem
  }

  /** Tells what opens without the server from what does not, while there is none. @param {Item[]} items */
  #mark(items) {
    const { code } = /** @type {Partial<import('../api/http.js').ApiError>} */ (this.problem.value ?? {})
    if (this.isOnline.value && code !== 'offline' && code !== 'timeout') return items
    const here = new Set(this.local.value.filter(({ isHere }) => isHere).map(({ name }) => name))
    return items.map(item => (here.has(item.name) ? item : { ...item, isAway: true }))
  }

  #recent() {
    const infos = new Map(this.documents.value.map(info => [info.name, info]))
    const isComplete = this.state.value === 'ready' && this.next.value === null
    /** @param {Local} local whether it is still there, as far as anybody can tell */
    const isThere = ({ name, isUnsent }) => {
      if (isUnsent || infos.has(name)) return true
      const answer = this.asked.value.get(name)
      return answer === undefined ? !isComplete : answer !== null
    }
    return this.local.value.filter(isThere).map(local => recentItem(local, infos.get(local.name) ?? this.asked.value.get(local.name) ?? undefined))
  }

  /** Learns of documents of this device that stand on pages not read yet, and keeps what all of them are called. */
  async #askAboutLocal() {
    const listed = new Map(this.documents.value.map(info => [info.name, info]))
    if (this.next.value !== null) {
      const unlisted = this.local.value.filter(({ name }) => !listed.has(name)).slice(0, ASKED_MOST)
      const answers = await Promise.all(unlisted.map(({ name }) => this.#ask(name)))
      this.asked.value = new Map([...this.asked.value, ...answers])
    }
    for (const { name, title, kind } of this.local.value) {
      const info = listed.get(name) ?? this.asked.value.get(name)
      if (info && (info.title !== title || info.kind !== kind)) this.describeLocal(name, { title: info.title, kind: info.kind })
    }
  }

  /** By way of the list, where not being there is an answer and no error. @param {string} name @returns {Promise<[string, DocumentInfo | null]>} */
  async #ask(name) {
    const { documents } = await this.api.list({ query: name, limit: PAGE })
    return [name, documents.find(info => info.name === name) ?? null]
  }
}
