// A connection that comes back: backoff with jitter, and a watchdog for servers that died without saying so.
// It moves bytes and knows nothing of documents; which close codes are final is decided by its owner.
import { Later } from './later.js'
import { Ways } from './ways.js'

/** First and longest wait before the next attempt, in ms. */
const BACKOFF_FIRST = 250
const BACKOFF_LONGEST = 10_000
/** The server sends something at least every 15 s. After 30 s of silence, in ms, it is gone. */
const SILENCE = 30_000
/** After the network changed or the machine slept, an answer to a probe is due within this, in ms. */
const PROBE = 5_000
/** Who sent too much at once waits at least this long, in ms. */
const SLOWED = 5_000
/** Clients of a server that restarts come back spread over this, in ms. */
const RESTART_SPREAD = 3_000

/** @typedef {ReturnType<typeof setTimeout>} Timer */
/** How to go on: `soon` spreads clients over 3 s, `slow` waits 5 s or more, `now` tries at once. @typedef {'retry' | 'soon' | 'slow' | 'now' | 'stop'} Verdict */

/**
 * What the outside world provides; tests bring their own.
 * @typedef {object} Environment
 * @property {(url: string) => import('./ways.js').Link} open
 * @property {(run: () => void, ms: number) => Timer} setTimeout
 * @property {(timer: Timer | undefined) => void} clearTimeout
 * @property {() => number} now milliseconds
 * @property {() => number} random from 0 up to 1
 */

/**
 * @typedef {object} Owner
 * @property {() => string | Promise<string>} url asked before every attempt; one that fails is a failed attempt
 * @property {() => void} opened
 * @property {(bytes: Uint8Array) => void} received
 * @property {(code: number, reason: string) => Verdict} closed
 * @property {() => void} waits the next attempt has its time, or begins
 */

/** What runtimes have. @type {Omit<Environment, 'open'>} */
const runtime = {
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: timer => clearTimeout(timer),
  now: () => Date.now(),
  random: () => Math.random(),
}

/** The runtime, with connections that go by requests where no WebSocket gets through. @param {(url: string) => import('./ways.js').Link} webSocket @returns {Environment} */
export function environmentWith(webSocket) {
  const outside = { ...runtime, fetch: (/** @type {string | URL | Request} */ input, /** @type {RequestInit | undefined} */ init) => fetch(input, init) }
  // Most networks let WebSockets through, and most pages never need the other way.
  const requests = (/** @type {string} */ url) => new Later(import('./http_socket.js').then(({ HttpSocket }) => new HttpSocket(url, outside)))
  return { ...runtime, open: new Ways({ ...runtime, webSocket, requests }).open }
}

/** @type {Environment} */
export const browser = environmentWith(url => new WebSocket(url))

/** A connection to one address that is re-opened until `stop`. */
export class Socket {
  /** When the next attempt is due; null when none waits. @type {number | null} */
  nextTry = null
  /** @type {import('./ways.js').Link | null} */
  #current = null
  /** The address that is being asked for; a stop makes it worthless. @type {Promise<string> | null} */
  #asking = null
  #failures = 0
  #stopped = true
  /** @type {Timer | undefined} */
  #retry
  /** @type {Timer | undefined} */
  #watchdog
  #owner
  #environment

  /** @param {Owner} owner @param {Environment} environment */
  constructor(owner, environment) {
    this.#owner = owner
    this.#environment = environment
  }

  /** Whether frames can be sent now. */
  get isOpen() {
    return this.#current?.readyState === 1
  }

  /** Whether it connects, is connected, or waits to connect again. */
  get isActive() {
    return !this.#stopped
  }

  /** Starts, or tries at once if it was waiting to. */
  connect() {
    this.#stopped = false
    if (this.#current || this.#asking) return
    this.#environment.clearTimeout(this.#retry)
    this.nextTry = null
    const url = this.#owner.url()
    if (typeof url === 'string') return this.#open(url)
    this.#asking = url
    const settle = (/** @type {() => void} */ go) => {
      if (this.#asking !== url) return
      this.#asking = null
      go()
    }
    url.then(
      address => settle(() => this.#open(address)),
      error => settle(() => this.#lost(4408, String(error?.message ?? error))),
    )
  }

  /** @param {string} url */
  #open(url) {
    const socket = this.#environment.open(url)
    socket.binaryType = 'arraybuffer'
    this.#current = socket
    socket.onopen = () => {
      if (socket === this.#current) this.#owner.opened()
    }
    socket.onmessage = ({ data }) => {
      if (socket !== this.#current || !(data instanceof ArrayBuffer)) return
      this.#expectWithin(SILENCE)
      this.#owner.received(new Uint8Array(data))
    }
    // What there is to know comes with the close; unheard, some runtimes raise the error as their own.
    socket.onerror = () => {}
    socket.onclose = ({ code, reason }) => {
      if (socket === this.#current) this.#lost(code, reason)
    }
    this.#expectWithin(SILENCE)
    this.#owner.waits()
  }

  /** Sends now, or not at all: false means that no connection is open. @param {Uint8Array} bytes */
  send(bytes) {
    if (!this.isOpen) return false
    try {
      this.#current?.send(/** @type {Uint8Array<ArrayBuffer>} */ (bytes))
      return true
    } catch (error) {
      // What comes after it must not be taken for all there was.
      this.reconnect(String(error))
      return false
    }
  }

  /** Call when the other side has shown that it works for us: the next backoff starts small. */
  settled() {
    this.#failures = 0
  }

  /** Something just asked for an answer; without one the connection counts as dead soon. */
  expectAnswer() {
    if (this.isOpen) this.#expectWithin(PROBE)
  }

  /** Gives up the present connection and tries again after the backoff. @param {string} reason */
  reconnect(reason) {
    const socket = this.#current
    if (!socket) return
    this.#lost(4408, reason)
    socket.close()
  }

  /** Closes for good, until `connect`. */
  stop() {
    this.#stopped = true
    this.#asking = null
    this.nextTry = null
    this.#environment.clearTimeout(this.#retry)
    this.#environment.clearTimeout(this.#watchdog)
    const socket = this.#current
    this.#current = null
    socket?.close()
  }

  /** @param {number} ms */
  #expectWithin(ms) {
    this.#environment.clearTimeout(this.#watchdog)
    this.#watchdog = this.#environment.setTimeout(() => this.reconnect('the server went silent'), ms)
  }

  /** @param {number} code @param {string} reason */
  #lost(code, reason) {
    this.#environment.clearTimeout(this.#watchdog)
    this.#current = null
    const verdict = this.#owner.closed(code, reason)
    if (verdict === 'stop' || this.#stopped) {
      this.#stopped = true
      return
    }
    const wait = this.#waitAfter(verdict)
    this.nextTry = this.#environment.now() + wait
    this.#retry = this.#environment.setTimeout(() => this.connect(), wait)
    this.#owner.waits()
  }

  /** How long until the next attempt, in ms. @param {Verdict} verdict */
  #waitAfter(verdict) {
    if (verdict === 'now') return 0
    const backoff = Math.min(BACKOFF_LONGEST, BACKOFF_FIRST * 2 ** this.#failures++)
    const chance = this.#environment.random()
    if (verdict === 'soon') return Math.max(backoff, RESTART_SPREAD) * chance
    return Math.max(backoff, verdict === 'slow' ? SLOWED : 0) * (0.5 + chance / 2)
  }
}
