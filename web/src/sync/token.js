// Who we are to the server: a token or several, or a function that fetches one, asked again before it expires and when the
// server refuses it. Looks into a token only for its expiry; knows nothing of sockets.

/** A new token is fetched this long before the old one expires, in ms. */
const AHEAD = 30_000
/** Longest wait that timers take, in ms. */
const LONGEST = 2 ** 31 - 1

/** One token, or several of which each may open something. @typedef {string | readonly string[]} Tokens */
/** @typedef {Tokens | (() => Tokens | Promise<Tokens>)} TokenSource */

/** The tokens of one connection. */
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

  /** The tokens to show now, as the end of an address. @returns {string | Promise<string>} */
  query() {
    if (typeof this.#source !== 'function') return written(listed(this.#source))
    return Promise.resolve(this.#source()).then(source => {
      const tokens = listed(source)
      this.#watch(tokens)
      return written(tokens)
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

  /** The first that expires counts. @param {readonly string[]} tokens */
  #watch(tokens) {
    this.stop()
    const expiry = Math.min(...tokens.map(expiryOf))
    if (expiry === Infinity) return
    const wait = expiry - AHEAD - this.#environment.now()
    // A token that is about to expire when it is new would be fetched again and again; the server's refusal tells in time.
    if (wait > 0 && wait < LONGEST) this.#timer = this.#environment.setTimeout(this.#expires, wait)
  }
}

/** @param {Tokens | null} tokens @returns {readonly string[]} */
function listed(tokens) {
  return (typeof tokens === 'string' ? [tokens] : (tokens ?? [])).filter(Boolean)
}

/** @param {readonly string[]} tokens */
const written = tokens => tokens.map(token => `&token=${encodeURIComponent(token)}`).join('')

/** When a JWT expires, in ms since 1970; never for other tokens. @param {string} token @returns {number} */
function expiryOf(token) {
  try {
    const { exp } = JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')))
    return typeof exp === 'number' ? exp * 1000 : Infinity
  } catch {
    return Infinity
  }
}
