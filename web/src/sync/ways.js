// Two ways to the server: a WebSocket, and requests for networks that let none through. Each connection finds out which
// one works; one that goes by requests looks now and then whether a WebSocket works by now, and then ends so that the
// next one takes it. Shows itself as a WebSocket. Knows no frames and no documents.

/** A WebSocket that did not open within this, in ms, is no longer waited for alone. */
const HEAD_START = 2000
/** First and longest wait before a WebSocket is tried again, in ms. */
const RETRY_FIRST = 5000
const RETRY_LONGEST = 120_000
/** So long, in ms, a WebSocket may take to open where nothing else works, or where it is only tried. */
const PATIENCE = 10_000
/** An opened WebSocket is taken within this, in ms, or nobody wants it any more. */
const TAKEN_WITHIN = 1000
/** A WebSocket that opened and brought nothing for this long, in ms, is none. */
const MUTE_AFTER = 20_000

/** Closes a connection whose successor is open: nobody has gone, and nothing is out of step for longer than an answer takes. */
export const SWITCHES = 4000

/**
 * What all of them look like: as much of a WebSocket as is needed.
 * @typedef {object} Link
 * @property {number} readyState
 * @property {BinaryType} binaryType
 * @property {(bytes: Uint8Array<ArrayBuffer>) => void} send
 * @property {() => void} close
 * @property {((event: any) => void) | null} onopen
 * @property {((event: any) => void) | null} onmessage
 * @property {((event: any) => void) | null} onclose
 * @property {((event: any) => void) | null} onerror
 */

/**
 * What the outside world provides.
 * @typedef {object} Outside
 * @property {(url: string) => Link} webSocket
 * @property {(url: string) => Link} requests
 * @property {(run: () => void, ms: number) => ReturnType<typeof setTimeout>} setTimeout
 * @property {(timer: ReturnType<typeof setTimeout> | undefined) => void} clearTimeout
 * @property {() => number} now
 */

/** What all connections of a page know of the ways together. */
export class Ways {
  /** WebSockets did not work lately. */
  avoids = false
  /** Wait before they are tried again, in ms. */
  wait = RETRY_FIRST
  /** A WebSocket that opened, for the connection that asks for its address. @type {{ url: string, link: Link } | null} */
  ready = null

  /** @param {Outside} outside */
  constructor(outside) {
    this.outside = outside
  }

  /** Opens a connection on whatever way works. @param {string} url of the WebSocket */
  open = url => new Way(url, this)

  /** Keeps an open WebSocket for a moment. @param {string} url @param {Link} link */
  keep(url, link) {
    this.ready?.link.close()
    const ready = { url, link }
    this.ready = ready
    this.outside.setTimeout(() => {
      if (this.ready !== ready) return
      this.ready = null
      link.close()
    }, TAKEN_WITHIN)
  }

  /** WebSockets work. */
  work() {
    this.avoids = false
    this.wait = RETRY_FIRST
  }
}

/** One connection. */
class Way {
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
  /** The way it goes. @type {Link | null} */
  #link = null
  /** Ways that may open. @type {Set<Link>} */
  #trying = new Set()
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  #hasRequests = false
  #hasSocket = false
  #openedAt = Infinity
  #hasHeard = false
  #url
  #ways

  /** @param {string} url @param {Ways} ways */
  constructor(url, ways) {
    this.#url = url
    this.#ways = ways
    const { ready } = ways
    ways.ready = null
    const isReady = ready?.url === url && ready.link.readyState === 1
    if (ready && isReady) this.#adopts(ready.link)
    else this.#seeks()
    if (!isReady) ready?.link.close()
  }

  #seeks() {
    if (this.#ways.avoids) return this.#tryRequests()
    this.#trySocket()
    this.#timer = this.#ways.outside.setTimeout(() => this.#tryRequests(), HEAD_START)
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  send(bytes) {
    this.#link?.send(bytes)
  }

  close() {
    if (this.readyState === 3) return
    this.readyState = 3
    // Who gives it up after so long heard nothing all the time.
    if (!this.#hasHeard && this.#ways.outside.now() - this.#openedAt > MUTE_AFTER) this.#ways.avoids = true
    this.#ends()
    this.#link?.close()
  }

  /** A WebSocket that was opened for it. @param {Link} link */
  #adopts(link) {
    this.#hasSocket = true
    // Whoever asked for a connection listens only after it has one.
    void Promise.resolve().then(() => this.readyState === 0 && this.#opened(link, true))
  }

  #trySocket() {
    this.#hasSocket = true
    this.#watch(this.#ways.outside.webSocket(this.#url), true)
  }

  #tryRequests() {
    if (this.#hasRequests || this.readyState !== 0) return
    this.#hasRequests = true
    this.#watch(this.#ways.outside.requests(this.#url), false)
  }

  /** @param {Link} link @param {boolean} isSocket */
  #watch(link, isSocket) {
    link.binaryType = 'arraybuffer'
    this.#trying.add(link)
    link.onopen = () => this.#opened(link, isSocket)
    link.onerror = () => {}
    link.onclose = event => {
      this.#trying.delete(link)
      const { code = 1006, reason = '' } = event ?? {}
      if (link === this.#link) return this.#lost(code, reason, isSocket)
      if (this.readyState !== 0) return
      if (isSocket) this.#tryRequests()
      this.#failed(code, reason)
    }
  }

  /** One of the ways does not lead anywhere. @param {number} code @param {string} reason */
  #failed(code, reason) {
    if (this.readyState !== 0) return
    if (!this.#hasSocket) this.#trySocket()
    if (!this.#hasRequests) return
    const gives = () => {
      this.#ends()
      this.#closes(code, reason)
    }
    if (this.#trying.size === 0) return gives()
    this.#ways.outside.clearTimeout(this.#timer)
    this.#timer = this.#ways.outside.setTimeout(gives, PATIENCE)
  }

  /** @param {Link} link @param {boolean} isSocket */
  #opened(link, isSocket) {
    if (this.readyState !== 0) return link.close()
    this.#ends(link)
    this.#link = link
    this.#hasSocket = isSocket
    this.readyState = 1
    link.onmessage = event => {
      this.#hasHeard = true
      if (isSocket) this.#ways.work()
      this.onmessage?.(event)
    }
    link.onclose = ({ code, reason }) => this.#lost(code, reason, isSocket)
    link.onerror = () => {}
    if (isSocket) this.#openedAt = this.#ways.outside.now()
    else {
      this.#ways.avoids = true
      this.#climbLater()
    }
    this.onopen?.(undefined)
  }

  /** @param {number} code @param {string} reason @param {boolean} isSocket */
  #lost(code, reason, isSocket) {
    if (this.readyState === 3) return
    // Cut before a word was heard: some let WebSockets through and nothing that is said on them.
    if (isSocket && !this.#hasHeard && code === 1006) this.#ways.avoids = true
    this.#ends()
    this.#closes(code, reason)
  }

  #climbLater() {
    this.#timer = this.#ways.outside.setTimeout(() => this.#climb(), this.#ways.wait)
  }

  /** Looks whether a WebSocket works by now. */
  #climb() {
    const link = this.#ways.outside.webSocket(this.#url)
    link.binaryType = 'arraybuffer'
    this.#trying.add(link)
    const done = () => {
      this.#ways.outside.clearTimeout(this.#timer)
      this.#trying.delete(link)
      link.onclose = null
    }
    const failed = () => {
      done()
      link.close()
      this.#ways.wait = Math.min(RETRY_LONGEST, this.#ways.wait * 2)
      if (this.readyState === 1) this.#climbLater()
    }
    link.onerror = () => {}
    link.onclose = failed
    link.onopen = () => {
      done()
      if (this.readyState !== 1) return link.close()
      this.#ways.keep(this.#url, link)
      this.#ends()
      this.#link?.close()
      this.#closes(SWITCHES, 'a WebSocket works now')
    }
    this.#timer = this.#ways.outside.setTimeout(failed, PATIENCE)
  }

  /** Nothing else is tried any more. @param {Link} [but] */
  #ends(but) {
    this.#ways.outside.clearTimeout(this.#timer)
    for (const link of this.#trying) {
      if (link === but) continue
      link.onclose = null
      link.close()
    }
    this.#trying.clear()
  }

  /** @param {number} code @param {string} reason */
  #closes(code, reason) {
    this.readyState = 3
    this.onclose?.({ code, reason })
  }
}
