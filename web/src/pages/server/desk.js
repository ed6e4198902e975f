// What the page of the server knows: the last ten minutes as they happen, longer ago when it is asked for, and what
// can be done. Draws nothing.
import { signal } from '../../../vendor/view.js'
import { ApiError, Http } from '../../api/http.js'
import { inApp } from '../../mount/index.js'
import { shown } from '../../mount/token.js'
import { readEvents } from '../../sync/http_events.js'

/** How many seconds of the stream are kept, as the server does. */
const KEPT = 600
/** Without a word for this long, in ms, the stream counts as lost; and it is tried again after this. */
const SILENCE = 5000
const AGAIN = 2000
/** After so many seconds of the stream it is asked again how the server is: the disk may be full by now. */
const LOOKED_AGAIN = 10
/** How often what was longer ago is asked for, in ms. */
const POLLED = { '1h': 10_000, '24h': 60_000 }

/** @typedef {'10m' | '1h' | '24h'} Span */
/** @typedef {{ step: number, times: number[], series: Record<string, (number | null)[]> }} Columns */
/** @typedef {{ name: string, people: number, behind: number, updates_in: number | null, updates_out: number | null, bytes: number, saved: number | null }} Row */
/** @typedef {{ id: string, document: string, access: string, user: { name: string }, presence: { state: any }[], waiting: number, behind: number | null }} Session */
/** @typedef {{ version: string, started: number, now: number, writable: boolean, damaged: number, warnings: string[], store: Record<string, number>, disk_free: number, documents_here: boolean, totals: Record<string, any> }} About */

export class Desk {
  /** `denied` hears nothing; `lost` shows what was. */
  state = signal(/** @type {'loading' | 'live' | 'lost' | 'denied'} */ ('loading'))
  /** Why it is denied. */
  problem = signal(/** @type {ApiError | null} */ (null))
  span = signal(/** @type {Span} */ ('10m'))
  columns = signal(/** @type {Columns | null} */ (null))
  /** The last values by name. */
  now = signal(/** @type {Record<string, number | null>} */ ({}))
  rows = signal(/** @type {Row[]} */ ([]))
  behind = signal(/** @type {Session[]} */ ([]))
  about = signal(/** @type {About | null} */ (null))
  /** When something was heard last, in ms of this device. */
  heard = signal(0)
  /** What the pointer or the keys point at in all charts together: an index from the end; -1 for nothing. */
  pointed = signal(-1)

  /** @type {AbortController | null} */
  #stream = null
  /** @type {Columns | null} */
  #minutes = null
  /** The order of the values of a second. @type {string[]} */
  #names = []
  /** Heard so far. */
  #seconds = 0
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #polling

  /** @param {() => string} author @param {typeof globalThis.fetch} [fetch] */
  constructor(author, fetch = globalThis.fetch.bind(globalThis)) {
    this.http = new Http(author, fetch)
    this.fetch = fetch
  }

  /** Begins to listen, unless it does. */
  open() {
    if (this.#stream) return
    this.#stream = new AbortController()
    void this.#follow(this.#stream)
    this.choose(this.span.value)
  }

  /** Stops; what was heard stays. */
  close() {
    this.#stream?.abort()
    this.#stream = null
    clearInterval(this.#polling)
  }

  /** Shows how far back. @param {Span} span */
  choose(span) {
    clearInterval(this.#polling)
    this.span.value = span
    this.pointed.value = -1
    if (span === '10m') {
      this.columns.value = this.#minutes
      return
    }
    const ask = () => this.http.send('GET', inApp('/api/v1/server/stats'), { query: { span } }).then(
      columns => this.span.value === span && void (this.columns.value = columns),
      () => undefined,
    )
    void ask()
    this.#polling = setInterval(ask, POLLED[span])
  }

  /** Who has a document open. @param {string} name @returns {Promise<Session[]>} */
  sessions = async name => (await this.http.send('GET', at(name))).sessions
  /** @param {string} name */
  unload = name => this.http.send('POST', `${at(name)}/unload`, { json: {} })
  /** @param {string} id */
  hangUp = id => this.http.send('DELETE', inApp(`/api/v1/server/connections/${id}`))

  /** Listens until it is stopped, and begins again when it breaks off. @param {AbortController} stream */
  async #follow(stream) {
    while (!stream.signal.aborted) {
      try {
        await this.#listen(stream.signal)
      } catch (error) {
        if (stream.signal.aborted) return
        if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
          this.problem.value = error
          this.state.value = 'denied'
          return
        }
      }
      if (stream.signal.aborted) return
      this.state.value = this.state.value === 'loading' ? 'loading' : 'lost'
      await new Promise(resolve => setTimeout(resolve, AGAIN))
    }
  }

  /** @param {AbortSignal} stopped */
  async #listen(stopped) {
    const silent = new AbortController()
    let timer = setTimeout(() => silent.abort(), SILENCE)
    const tokens = shown()
    try {
      await this.#look(stopped)
      const headers = tokens.length > 0 ? { authorization: `Bearer ${tokens.join(' ')}` } : undefined
      const answer = await this.fetch(inApp('/api/v1/server/events'), { headers, signal: AbortSignal.any([stopped, silent.signal]) })
      if (!answer.ok || !answer.body) throw new ApiError('unexpected', answer.status, '')
      await readEvents(answer.body, told => {
        clearTimeout(timer)
        timer = setTimeout(() => silent.abort(), SILENCE)
        if (!told) return
        this.#take(told.event, JSON.parse(told.data))
        // When that fails the stream is about to end, which is told.
        if (told.event === 'second' && ++this.#seconds % LOOKED_AGAIN === 0) this.#look(stopped).catch(() => undefined)
      })
    } finally {
      clearTimeout(timer)
    }
  }

  /** @param {AbortSignal} stopped */
  async #look(stopped) {
    this.about.value = await this.http.send('GET', inApp('/api/v1/server'), { signal: stopped })
  }

  /** @param {string} event @param {any} said */
  #take(event, said) {
    this.heard.value = Date.now()
    this.state.value = 'live'
    if (event === 'open') {
      this.#minutes = said.before
      this.#names = said.names
    }
    if (event === 'second') {
      this.rows.value = said.documents
      this.behind.value = said.behind
      if (said.last && this.#minutes) this.#minutes = grown(this.#minutes, this.#names, said.last)
    }
    if (this.#minutes) {
      const { series } = this.#minutes
      this.now.value = Object.fromEntries(Object.entries(series).map(([name, values]) => [name, values.at(-1) ?? null]))
    }
    if (this.span.value === '10m') this.columns.value = this.#minutes
  }
}

/** @param {string} name */
const at = name => inApp(`/api/v1/server/documents/${encodeURIComponent(name)}`)

/** The columns with one more moment, unless they have it. @param {Columns} columns @param {string[]} names of the values @param {{ time: number, values: (number | null)[] }} last @returns {Columns} */
export function grown(columns, names, last) {
  if (last.time <= (columns.times.at(-1) ?? 0)) return columns
  const keep = (/** @type {any[]} */ values, /** @type {any} */ value) => [...values.slice(-KEPT + 1), value]
  return {
    step: columns.step,
    times: keep(columns.times, last.time),
    series: Object.fromEntries(names.map((name, index) => [name, keep(columns.series[name], last.values[index] ?? null)])),
  }
}
