// A link that breaks in one of the ways that networks break, from `break` until `heal`; otherwise it
// carries everything at once. Which bytes are hit is drawn from the seed. Knows nothing of frames.

import { proxied } from './proxy.mjs'
import { breathe, pause } from './wait.mjs'

/** Longest time that a delayed piece takes, in ms. */
const JITTER = 40
/** Most bytes that pass before a fault strikes. */
const BEFORE = 600

/** What can be wrong with a link:
 *
 * `cut`: the connection ends within a frame; `reset`: the same, and at once; `stall`: one direction
 * carries nothing more, the other does; `half-open`: one side is gone and the other does not hear of
 * it; `dribble`: every byte comes by itself; `delay`: every piece takes its own time; `refuse`: nobody
 * gets a connection. */
export const FAULTS = ['cut', 'reset', 'stall', 'half-open', 'dribble', 'delay', 'refuse']

/** A faulty way to `server`, sound until its `break` is called. */
export async function faultyLink(t, server) {
  const link = new Link()
  return Object.assign(link, await proxied(t, server, (near, far) => link.join(near, far)))
}

class Link {
  /** How often the fault of now has struck. */
  struck = 0
  #fault = null
  #pairs = new Set()

  /** Is broken from now on. All it does is drawn from `random`. */
  break(kind, random) {
    this.struck = 0
    const fault = { kind, random, left: 0, way: null }
    fault.healed = new Promise((done) => { fault.heal = done })
    this.#fault = fault
    rearm(fault)
    if (kind === 'refuse') this.#pairs.forEach((pair) => this.#strike(pair, reset))
  }

  /** Carries everything again. What was left hanging goes on, or ends, as the seed says. */
  heal() {
    const fault = this.#fault
    this.#fault = null
    if (!fault) return
    for (const pair of this.#pairs) {
      if (pair.isDead || (pair.isStalled && fault.random.chance(0.5))) reset(pair)
    }
    fault.heal()
  }

  join(near, far) {
    const pair = { near, far, isDead: false, isStalled: false }
    this.#pairs.add(pair)
    for (const socket of [near, far]) {
      socket.on('error', () => {})
      socket.on('close', () => {
        if (pair.isDead && !(near.destroyed && far.destroyed)) return
        near.destroy()
        far.destroy()
        this.#pairs.delete(pair)
      })
    }
    if (this.#fault?.kind === 'refuse') return this.#strike(pair, reset)
    void this.#carry(pair, near, far, 'up')
    return void this.#carry(pair, far, near, 'down')
  }

  async #carry(pair, from, to, way) {
    try {
      for await (const bytes of from.iterator({ destroyOnReturn: false })) await this.#pass(pair, bytes, to, way)
      if (!pair.isDead) to.end()
    } catch {
      // One end is gone, and its `close` tells the other.
    }
  }

  async #pass(pair, bytes, to, way) {
    const fault = this.#fault
    if (pair.isDead) return undefined
    if (!fault || (fault.way !== null && fault.way !== way)) return send(to, bytes)
    if (fault.kind === 'dribble') return this.#dribble(fault, bytes, to)
    if (fault.kind === 'delay') {
      this.struck += 1
      await Promise.race([fault.healed, pause(fault.random.below(JITTER))])
      return send(to, bytes)
    }
    if (bytes.length <= fault.left) {
      fault.left -= bytes.length
      return send(to, bytes)
    }
    const [first, rest] = [bytes.subarray(0, fault.left), bytes.subarray(fault.left)]
    await send(to, first)
    if (fault.kind === 'stall') {
      this.#strike(pair, () => { pair.isStalled = true })
      await fault.healed
      pair.isStalled = false
      return send(to, rest)
    }
    rearm(fault)
    return this.#strike(pair, { cut, reset, 'half-open': halfOpen(fault) }[fault.kind])
  }

  async #dribble(fault, bytes, to) {
    this.struck += 1
    for (let at = 0; at < bytes.length; at += 1) {
      if (this.#fault !== fault) return send(to, bytes.subarray(at))
      await send(to, bytes.subarray(at, at + 1))
      await breathe()
    }
    return undefined
  }

  #strike(pair, how) {
    this.struck += 1
    how(pair)
  }
}

/** Draws where the fault strikes next. */
function rearm(fault) {
  const { kind, random } = fault
  fault.left = random.below(BEFORE)
  fault.way = kind === 'dribble' || kind === 'delay' ? null : random.pick(['up', 'down'])
}

function cut({ near, far }) {
  near.destroySoon()
  far.destroySoon()
}

function reset({ near, far }) {
  near.resetAndDestroy()
  far.resetAndDestroy()
}

/** One side loses its connection; what the other goes on saying is swallowed. */
function halfOpen({ random }) {
  const gone = random.pick(['near', 'far'])
  return (pair) => {
    pair.isDead = true
    pair[gone].destroy()
  }
}

/** Sends, and waits while the receiver cannot take more. */
function send(to, bytes) {
  if (bytes.length === 0 || to.destroyed || !to.writable || to.write(bytes)) return undefined
  return new Promise((done) => {
    to.once('drain', done)
    to.once('close', done)
  })
}
