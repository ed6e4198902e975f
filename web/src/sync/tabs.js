// Tabs of one device that have the same document open meet here, without the server: edits, presence, and which
// edits are confirmed. Messages are only heard, never passed on, so nothing echoes.
import { readMarks } from './marks.js'

/** @typedef {import('./marks.js').Marks} Marks */
/**
 * What a tab says of itself with every message.
 * @typedef {object} Standing
 * @property {string | null} epoch
 * @property {Marks} marks
 */
/**
 * `hello`: I have this much; `state`: what you lack, an answer when `to` is set; `edit`: one change;
 * `marks`: something was confirmed; `presence`: who I am; `who`: tell me who you are; `dropped`: this copy is gone.
 * @typedef {{ kind: 'hello', vector: Uint8Array } | { kind: 'state', vector: Uint8Array, update: Uint8Array, isLast: boolean }
 *   | { kind: 'edit', update: Uint8Array, isKept: boolean } | { kind: 'marks' } | { kind: 'dropped', copy?: string | null }
 *   | { kind: 'presence', client: number, states: Uint8Array } | { kind: 'who' }} Body
 */
/** @typedef {Body & Standing & { from: string, to: string | null }} Message */
/** A `BroadcastChannel`, or something with its manners. @typedef {{ postMessage: (value: any) => void, close: () => void, onmessage: ((event: any) => void) | null, unref?: () => void }} Channel */

const KINDS = ['hello', 'state', 'edit', 'marks', 'presence', 'who', 'dropped']

/** One tab's end of the channel. */
export class Tabs {
  /** @type {Channel | null} */
  #channel = null
  #session
  #standing

  /**
   * @param {object} options
   * @param {(() => Channel) | null} options.open null where tabs cannot meet
   * @param {string} options.session
   * @param {() => Standing} options.standing
   * @param {(message: Message) => void} options.heard
   */
  constructor({ open, session, standing, heard }) {
    this.#session = session
    this.#standing = standing
    try {
      this.#channel = open?.() ?? null
    } catch {
      // A browser that refuses storage may refuse this too; then tabs meet at the server only.
    }
    if (!this.#channel) return
    this.#channel.unref?.()
    this.#channel.onmessage = ({ data }) => {
      if (!KINDS.includes(data?.kind) || data.from === session || (data.to !== null && data.to !== session)) return
      heard(data)
    }
  }

  /** Tells all other tabs, or one of them. @param {Body} body @param {string | null} [to] */
  say(body, to = null) {
    try {
      this.#channel?.postMessage({ ...body, ...this.#standing(), from: this.#session, to })
    } catch (error) {
      // The edit that is told of still has to be stored and sent.
      console.error('other tabs cannot be told', error)
    }
  }

  /** Hears and says nothing from now on. */
  close() {
    this.#channel?.close()
    this.#channel = null
  }
}

/** Whether a message brought the edit after the last one that is here of its sender. @param {Message} message @param {Marks} here */
export function follows({ kind, from, marks }, here) {
  const [made] = readMarks(marks)[from] ?? [0]
  return kind === 'edit' && made <= (here[from]?.[0] ?? 0) + 1
}

/**
 * Which edits are in our document after a message, and so in what we send: all with a whole state, else the one it
 * brought; of others what is confirmed. None are sure while something that they may build on is missing.
 * @param {Message} message
 * @param {Marks} here what was known before
 * @param {boolean} isIncomplete
 * @returns {Marks}
 */
export function sureOf(message, here, isIncomplete) {
  const has = (/** @type {string} */ session) => !isIncomplete && (message.kind === 'state' || (session === message.from && follows(message, here)))
  return Object.fromEntries(Object.entries(readMarks(message.marks)).map(([session, [made, sure]]) => [session, [has(session) ? made : sure, sure]]))
}

/** Whether a copy that another tab gave up is ours: one made since then is another. @param {Extract<Message, { kind: 'dropped' }>} message @param {string | null} copy ours @param {string | null} epoch ours */
export function isSameCopy(message, copy, epoch) {
  return message.copy && copy ? message.copy === copy : message.epoch === epoch
}
