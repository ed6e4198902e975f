// Who we are to the server: a token, or a function that fetches one, asked again before it expires and when the
// server refuses it. Looks into a token only for its expiry; knows nothing of sockets.

/** A new token is fetched this long before the old one expires, in ms. */
const AHEAD = 30_000
/** Longest wait that timers take, in ms. */
const LONGEST = 2 ** 31 - 1

/** @typedef {string | (() => string | Promise<string>)} TokenSource */

/** The token of one connection. */
export class Token {
  /** @type {import('./socket.js').Timer | undefined} */
  #timer
  /** The server refused the newest token: a second refusal is final. */
  #isRefused = false
  #source
  #expires
  #environment

  /** @param {TokenSource | null} source @param {() => void} expires a new token should be shown now @param {import('./socket.js').Environment} environment */
  constructor(source, expires, environment) {
    this.#source = source
    this.#expires = expires
    this.#environment = environment
  }

  /** The token to show now. @returns {string | null | Promise<string>} */
  ask() {
    if (typeof this.#source !== 'function') return this.#source
    return Promise.resolve(this.#source()).then(token => {
      this.#watch(token)
      return token
    })
  }

  /** The server took it. */
  accepted() {
    this.#isRefused = false
  }

  /** The server refused it. Says whether another one is worth a try. */
  refused() {
    if (typeof this.#source !== 'function' || this.#isRefused) return false
    this.#isRefused = true
    return true
  }

  /** Forgets about the expiry. */
  stop() {
    this.#environment.clearTimeout(this.#timer)
  }

  /** @param {string} token */
  #watch(token) {
    this.stop()
    const expiry = expiryOf(token)
    if (expiry === null) return
    const wait = expiry - AHEAD - this.#environment.now()
    // A token that is about to expire when it is new would be fetched again and again; the server's refusal tells in time.
    if (wait > 0 && wait < LONGEST) this.#timer = this.#environment.setTimeout(this.#expires, wait)
  }
}

/** When a JWT expires, in ms since 1970; null for other tokens. @param {string} token */
function expiryOf(token) {
  try {
    const { exp } = JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')))
    return typeof exp === 'number' ? exp * 1000 : null
  } catch {
    return null
  }
}
