// Files on their way to becoming documents: a few at a time, each with its own result.
import { signal } from '../../vendor/view.js'
import { ApiError } from '../api/http.js'
import { explain } from '../api/problems.js'
import { t } from '../i18n/index.js'
import '../i18n/home.js'
import { LARGEST_SAVED, planFor } from './files.js'
import { saySize } from './words.js'

/** Files sent at the same time. */
const AT_ONCE = 2
/** Largest file, in bytes; the server says no by itself where its limit is lower. */
const LARGEST = 20 << 20

/**
 * @typedef {object} Job
 * @property {number} id
 * @property {string} file its name
 * @property {'waiting' | 'busy' | 'done' | 'failed'} state
 * @property {string} problem
 * @property {string} document the name of what it became
 */

export class Importing {
  /**
   * @param {object} parts
   * @param {import('../api/documents.js').Documents} parts.api
   * @param {(info: import('../api/types.js').DocumentInfo) => void} parts.onMade
   * @param {(name: string) => void} parts.onOnly a single file became this document
   */
  constructor({ api, onMade, onOnly }) {
    this.api = api
    this.onMade = onMade
    this.onOnly = onOnly
    this.jobs = signal(/** @type {Job[]} */ ([]))
  }

  #count = 0

  /** @param {File[]} files */
  async add(files) {
    const jobs = files.map(file => ({ file, id: ++this.#count }))
    this.jobs.value = [...this.jobs.value, ...jobs.map(({ file, id }) => ({ id, file: file.name, state: /** @type {const} */ ('waiting'), problem: '', document: '' }))]
    const isOnly = files.length === 1 && this.jobs.value.length === 1
    const waiting = [...jobs]
    const work = async () => {
      for (let job = waiting.shift(); job; job = waiting.shift()) await this.#bring(job.file, job.id)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    const [only] = this.jobs.value
    if (isOnly && only?.state === 'done') this.onOnly(only.document)
  }

  /** Forgets what is finished. */
  clear() {
    this.jobs.value = this.jobs.value.filter(({ state }) => state === 'waiting' || state === 'busy')
  }

  /** @param {File} file @param {number} id */
  async #bring(file, id) {
    this.#set(id, { state: 'busy' })
    try {
      const plan = await planFor(file, LARGEST)
      if (typeof plan === 'string') return this.#set(id, { state: 'failed', problem: refuse(plan, file) })
      const info = await this.api.importFile(file, plan)
      this.#set(id, { state: 'done', document: info.name })
      this.onMade(info)
    } catch (error) {
      this.#set(id, { state: 'failed', problem: sayProblem(error, file) })
    }
  }

  /** @param {number} id @param {Partial<Job>} change */
  #set(id, change) {
    this.jobs.value = this.jobs.value.map(job => (job.id === id ? { ...job, ...change } : job))
  }
}

/** @param {import('./files.js').Refusal} refusal @param {File} file */
function refuse(refusal, { name, size }) {
  if (refusal === 'office') return t('home.import.office', { name })
  if (refusal === 'empty') return t('home.import.empty', { name })
  if (refusal === 'binary') return t('home.import.binary', { name })
  return t('home.import.tooLarge', { name, size: saySize(size), limit: saySize(isSaved(name) ? LARGEST_SAVED : LARGEST) })
}

/** @param {string} name */
const isSaved = name => name.toLowerCase().endsWith('.coscribe')

/** What is wrong with a saved document, only the server finds out. @param {unknown} error @param {File} file */
function sayProblem(error, { name }) {
  const isUnreadable = error instanceof ApiError && error.code === 'bad-content' && isSaved(name)
  return isUnreadable ? t('home.import.saved', { name, reason: error.detail }) : explain(error)
}
