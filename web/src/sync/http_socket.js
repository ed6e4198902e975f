// A connection by requests, for networks that let no WebSocket through, in the shape of a WebSocket. What comes is a
// stream of events, or answers to polls where a proxy keeps a stream back; what goes is posted, one request at a time.
// A request that fails is tried again where it stopped. Protocol: src/http/fallback of the server.
import { bytesOf, readEvents } from './http_events.js'
import { BINARY, CLOSE, PING, PONG, Reader, frame } from './http_frames.js'

/** A stream that shows no sign of life within this, in ms, is kept back by somebody. */
const FIRST_EVENT = 3000
/** Later signs come every 10 s; without any for this long, in ms, the request is given up. */
const SILENCE = 25_000
/** Requests that fail are tried again after these waits, in ms, and then the connection is lost. */
const WAITS = [100, 300, 700, 1500]
/** Bytes of one request: proxies take a megabyte by default. */
const POST_BYTES = 512 << 10
/** An answer that a retry would not change. @param {number} status */
const isFinal = status => status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429

/** Whether streams were kept back lately: then the next connections ask for polls at once. */
let keepsBack = false

/**
 * @typedef {object} Outside
 * @property {typeof globalThis.fetch} fetch
 * @property {(run: () => void, ms: number) => ReturnType<typeof setTimeout>} setTimeout
 * @property {(timer: ReturnType<typeof setTimeout> | undefined) => void} clearTimeout
 */

/** See above. */
export class HttpSocket {
  readyState = 0
  /** @type {BinaryType} */
  binaryType = 'arraybuffer'
  /** @type {((event: any) => void) | null} */
  onopen = null
  /** @type {((event: any) => void) | null} */
  onmessage = null
  /** @type {((event: any) => void) | null} */
  onclose = null
  /** @type {((event: any) => void) | null} */
  onerror = null
  #id = ''
  /** What waits to be posted, and the place of its first byte in all that ever was. @type {Uint8Array[]} */
  #waiting = []
  #sent = 0
  #isPosting = false
  /** So many bytes came. */
  #received = 0
  #frames = new Reader()
  #gone = new AbortController()
  /** Where requests go, and what the first of them asks for: later ones need not show a token again. */
  #url
  #query
  #outside

  /** @param {string} url of the WebSocket @param {Outside} outside */
  constructor(url, outside) {
    const [address, query = ''] = url.split('?')
    this.#url = address.replace(/^ws/, 'http').replace(/\/ws(\/[^/]*)?$/, '/sse$1')
    this.#query = query
    this.#outside = outside
    void this.#open()
  }

  /** @param {Uint8Array} bytes */
  send(bytes) {
    this.#queue(frame(BINARY, bytes))
  }

  close() {
    if (this.readyState === 3) return
    this.#ends()
    // Without this the server finds out by itself, a while later.
    if (this.#id) void this.#request('DELETE', '', { keepalive: true }).catch(() => {})
  }

  async #open() {
    try {
      const answer = await this.#request('POST', this.#query, { signal: this.#gone.signal, body: new Uint8Array(0) })
      if (!answer.ok) return this.#closes(1006, await answer.text())
      const { id } = await answer.json()
      this.#id = String(id)
    } catch (error) {
      return this.#closes(1006, String(error))
    }
    if (this.readyState !== 0) return void this.#request('DELETE', '').catch(() => {})
    this.readyState = 1
    this.onopen?.(undefined)
    await this.#listen()
  }

  /** Reads until the connection ends, on as many requests as it takes. */
  async #listen() {
    let failures = 0
    while (this.readyState === 1) {
      const before = this.#received
      const status = await (keepsBack ? this.#poll() : this.#stream())
      if (isFinal(status)) return this.#closes(1006, `the server answered ${status}`)
      if (this.readyState !== 1) return undefined
      // A stream that ends again and again without a word is no better than none.
      failures = this.#received > before || status === 204 ? 0 : failures + 1
      if (failures > WAITS.length) return this.#closes(1006, 'nothing comes from the server any more')
      if (failures > 0) await this.#pause(WAITS[failures - 1])
    }
    return undefined
  }

  /** Reads a stream to its end. Says with which status it began; 0 for none. */
  async #stream() {
    const given = new AbortController()
    let hasLife = false
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer
    const expect = (/** @type {number} */ ms) => {
      this.#outside.clearTimeout(timer)
      timer = this.#outside.setTimeout(() => given.abort(), ms)
    }
    expect(FIRST_EVENT)
    try {
      const answer = await this.#get('text/event-stream', given.signal)
      if (answer.status !== 200 || !answer.body) return answer.status
      await readEvents(answer.body, told => {
        hasLife = true
        expect(SILENCE)
        if (told?.event === 'message') this.#came(bytesOf(told.data), Number(told.id))
        if (told?.event === 'end') this.#closes(1006, 'the server ended the connection')
      })
      return 200
    } catch {
      // It was there and nothing came: kept back. Whoever cannot be reached at all refuses at once.
      if (given.signal.aborted && !hasLife) {
        keepsBack = true
        return 204
      }
      return 0
    } finally {
      this.#outside.clearTimeout(timer)
    }
  }

  /** Asks for what comes next. */
  async #poll() {
    const given = new AbortController()
    const timer = this.#outside.setTimeout(() => given.abort(), SILENCE)
    try {
      const answer = await this.#get('application/octet-stream', given.signal)
      if (answer.status !== 200) return answer.status
      const bytes = new Uint8Array(await answer.arrayBuffer())
      this.#came(bytes, this.#received + bytes.length)
      return 200
    } catch {
      return 0
    } finally {
      this.#outside.clearTimeout(timer)
    }
  }

  /** @param {string} type @param {AbortSignal} signal */
  #get(type, signal) {
    const either = AbortSignal.any([signal, this.#gone.signal])
    return this.#request('GET', `from=${this.#received}`, { signal: either, headers: { accept: type } })
  }

  /** @param {Uint8Array} bytes @param {number} end the number of bytes that came with them */
  #came(bytes, end) {
    if (this.readyState !== 1 || end !== this.#received + bytes.length) return
    this.#received = end
    for (const { kind, payload } of this.#frames.read(bytes)) {
      if (this.readyState !== 1) return
      if (kind === BINARY) this.onmessage?.({ data: payload.buffer })
      else if (kind === PING) this.#queue(frame(PONG, payload))
      else if (kind === CLOSE) this.#told(payload)
    }
  }

  /** The server closes and says why. @param {Uint8Array} payload */
  #told(payload) {
    const code = payload.length < 2 ? 1005 : payload[0] * 256 + payload[1]
    const reason = new TextDecoder().decode(payload.subarray(2))
    this.close()
    this.onclose?.({ code, reason })
  }

  /** @param {Uint8Array} bytes */
  #queue(bytes) {
    if (this.readyState !== 1) return
    this.#waiting.push(bytes)
    if (!this.#isPosting) void this.#post()
  }

  /** Posts what waits, one request after the other. */
  async #post() {
    this.#isPosting = true
    // What is said in the same turn goes together.
    await Promise.resolve()
    let failures = 0
    while (this.readyState === 1 && this.#waiting.length > 0) {
      const body = this.#next()
      const query = `at=${this.#sent}&received=${this.#received}`
      const status = await this.#request('POST', query, { body, signal: this.#gone.signal }).then(({ status }) => status, () => 0)
      if (status >= 200 && status < 300) {
        failures = 0
        this.#sent += body.length
        this.#drop(body.length)
      } else if (isFinal(status) || failures === WAITS.length) {
        this.#closes(1006, `the server answered ${status}`)
      } else {
        await this.#pause(WAITS[failures++])
      }
    }
    this.#isPosting = false
  }

  /** The bytes of the next request. */
  #next() {
    const size = Math.min(POST_BYTES, this.#waiting.reduce((sum, { length }) => sum + length, 0))
    const body = new Uint8Array(size)
    let at = 0
    for (const part of this.#waiting) {
      if (at === size) break
      const piece = part.subarray(0, size - at)
      body.set(piece, at)
      at += piece.length
    }
    return body
  }

  /** They have arrived. @param {number} bytes */
  #drop(bytes) {
    while (bytes > 0 && bytes >= this.#waiting[0].length) bytes -= /** @type {Uint8Array} */ (this.#waiting.shift()).length
    if (bytes > 0) this.#waiting[0] = this.#waiting[0].subarray(bytes)
  }

  /** @param {string} method @param {string} query @param {RequestInit} [more] */
  #request(method, query, { headers, ...more } = {}) {
    const connection = this.#id ? { 'coscribe-connection': this.#id } : undefined
    const type = method === 'POST' ? { 'content-type': 'application/octet-stream' } : undefined
    return this.#outside.fetch(query ? `${this.#url}?${query}` : this.#url, { method, cache: 'no-store', credentials: 'include', redirect: 'error', ...more, headers: { ...headers, ...type, ...connection } })
  }

  /** @param {number} ms */
  #pause(ms) {
    return new Promise(resolve => this.#outside.setTimeout(() => resolve(undefined), ms))
  }

  /** @param {number} code @param {string} reason */
  #closes(code, reason) {
    if (this.readyState === 3) return
    this.#ends()
    this.onclose?.({ code, reason })
  }

  #ends() {
    this.readyState = 3
    this.#gone.abort()
  }
}
