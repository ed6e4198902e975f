// What is known about being in step with the server: since when not, how often it failed, why it ended.
// Plain facts for the status sentence; knows nothing of sockets. Times in ms.

/** Why no attempt is made any more. @typedef {'denied' | 'sign-in' | 'missing' | 'in-bin' | 'replaced' | 'outdated' | 'too-large' | 'full' | 'refused'} Stop */

/** Close codes that a retry cannot fix. @type {Record<number, Stop | undefined>} */
const STOPS = { 4400: 'refused', 4401: 'sign-in', 4403: 'denied', 4404: 'missing', 4409: 'replaced', 4413: 'too-large' }
/** The server goes down and says that it will be back. */
const RESTART = 1012
/** We send too much at once. */
const SLOW_DOWN = 4429
/** The server uses one code for a change and for a document that is too large. */
const FULL = /reached its size limit/
/** And one for a document that is not there and for one that can be brought back. */
const IN_BIN = /is in the bin/

/** The health of one document's connection. */
export class Health {
  /** @type {Stop | null} */
  stop = null
  /** The server's words on `stop`. */
  reason = ''
  /** The document was here completely once. */
  loaded = false
  /** Since when page and server are not in step; null when they are. @type {number | null} */
  lostAt
  /** Attempts that failed since then. */
  failures = 0
  /** The server said it will be back. */
  restarting = false
  /** The server asked us to send less at once. */
  slowed = false

  /** @param {number} now */
  constructor(now) {
    this.startedAt = now
    this.lostAt = now
  }

  /** The server answered, though nothing is in step yet: before the first load that is news. */
  answered() {
    if (!this.loaded) this.failures = 0
  }

  /** The document here has all that the server has. */
  inStep() {
    this.loaded = true
    this.lostAt = null
    this.failures = 0
    this.restarting = false
    this.slowed = false
  }

  /** The connection ended. Says how to go on. @param {number} code @param {string} reason @param {number} now @returns {import('./socket.js').Verdict} */
  closed(code, reason, now) {
    if (this.lostAt === null) this.lostAt = now
    else this.failures++
    this.slowed = code === SLOW_DOWN
    const stop = STOPS[code]
    if (stop) {
      this.halt(precisely(stop, reason), reason)
      return 'stop'
    }
    if (code === RESTART) this.restarting = true
    return this.slowed ? 'slow' : code === RESTART ? 'soon' : 'retry'
  }

  /** No attempt is made any more. @param {Stop} stop @param {string} reason */
  halt(stop, reason) {
    this.stop = stop
    this.reason = reason
  }

  /** What was in the way may be gone. */
  resume() {
    this.stop = null
    this.reason = ''
  }
}

/** What a close code stands for, with the server's words. @param {Stop} stop @param {string} reason @returns {Stop} */
function precisely(stop, reason) {
  if (stop === 'too-large' && FULL.test(reason)) return 'full'
  return stop === 'missing' && IN_BIN.test(reason) ? 'in-bin' : stop
}
