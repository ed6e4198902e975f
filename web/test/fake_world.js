// A clock, timers, randomness and sockets under the test's control, in the shape of sync/socket.js's Environment.

/** The server's end of one connection. */
export class FakeSocket {
  readyState = 0
  binaryType = ''
  /** @type {Uint8Array[]} */
  sent = []
  onopen = () => {}
  onmessage = (/** @type {{ data: ArrayBuffer | string }} */ _event) => {}
  onclose = (/** @type {{ code: number, reason: string }} */ _event) => {}

  /** @param {string} url */
  constructor(url) {
    this.url = url
  }

  /** Called by the page. @param {Uint8Array} bytes */
  send(bytes) {
    this.sent.push(bytes)
  }

  /** Called by the page. */
  close() {
    this.readyState = 3
  }

  accept() {
    this.readyState = 1
    this.onopen()
  }

  /** @param {Uint8Array} bytes */
  deliver(bytes) {
    this.onmessage({ data: /** @type {ArrayBuffer} */ (bytes.slice().buffer) })
  }

  /** @param {number} code @param {string} [reason] */
  drop(code, reason = '') {
    this.readyState = 3
    this.onclose({ code, reason })
  }

  /** What was sent since the last call. */
  take() {
    return this.sent.splice(0)
  }
}

/** Everything a provider needs from outside. */
export class FakeWorld {
  now = 1_000_000
  /** @type {FakeSocket[]} */
  sockets = []
  random = 0.5
  #next = 1
  /** @type {Map<number, { at: number, run: () => void }>} */
  #timers = new Map()

  /** @returns {import('../src/sync/socket.js').Environment} */
  get environment() {
    return {
      open: url => {
        const socket = new FakeSocket(url)
        this.sockets.push(socket)
        return /** @type {any} */ (socket)
      },
      setTimeout: (run, ms) => {
        this.#timers.set(this.#next, { at: this.now + ms, run })
        return /** @type {any} */ (this.#next++)
      },
      clearTimeout: timer => void this.#timers.delete(/** @type {any} */ (timer)),
      now: () => this.clock(),
      random: () => this.random,
    }
  }

  /** What every part asks for the time. */
  clock = () => this.now

  /** The newest connection. */
  get socket() {
    const socket = this.sockets.at(-1)
    if (!socket) throw new Error('nothing has connected')
    return socket
  }

  /** Lets time pass, running what is due in order. @param {number} ms */
  advance(ms) {
    const end = this.now + ms
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0]
      if (!due) break
      this.#timers.delete(due[0])
      this.now = Math.max(this.now, due[1].at)
      due[1].run()
    }
    this.now = end
  }
}

/** Reproducible randomness (mulberry32). @param {number} seed */
export function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
