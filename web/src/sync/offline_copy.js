// One document's copy on this device: loads it, adds every change to it within a tenth of a second, meets the
// other tabs that have it open, and knows which edits are nowhere but here. How rows are laid out: copy_rows.js.
import { Y } from '../../vendor/core.js'
import { CopyRows } from './copy_rows.js'
import { problemOf } from './database.js'
import { isEmpty, isIncomplete } from './life.js'
import { Tabs, follows, isSameCopy, sureOf } from './tabs.js'

/** An edit is stored after this, in ms; what others wrote may wait longer, as the server has it, and so may confirmations. */
const FLUSH_AFTER = 50
const FLUSH_MARKS_AFTER = 500
const FLUSH_OTHERS_AFTER = 1000
/** After a failure the next attempt is made this much later, in ms, or with the next edit after it. */
const RETRY_AFTER = 5000
/** Rows are made one when nothing was edited for this long, in ms. */
const QUIET = 2000

/** `opening`: not known yet; `kept`: edits survive this page; `refused`: they do not. @typedef {'opening' | 'kept' | 'refused'} StorageState */

/** The copy of one document. Changes that it brings to the document have it as their origin. */
export class OfflineCopy {
  /** @type {StorageState} */
  storage = 'opening'
  /** @type {import('./database.js').StorageProblem | null} */
  problem = null
  /** Something was loaded. */
  hasContent = false
  /** Settles when the copy is loaded, or when it turned out that there is no storage. @type {Promise<void>} */
  whenLoaded
  /** It is being put under another name. @type {Promise<void> | null} */
  moving = null
  /** What waits to be stored, and how many of our edits it holds. @type {{ update: Uint8Array, edits: number }[]} */
  #queue = []
  /** Confirmations or an epoch wait to be stored. */
  #isStale = false
  /** @type {Promise<void> | null} */
  #flushing = null
  /** @type {{ timer: import('./socket.js').Timer, at: number } | null} */
  #due = null
  /** @type {import('./socket.js').Timer | undefined} */
  #quiet
  #isClosed = false
  /** A row could not be read: it is kept as it is, for whoever can. */
  #isDamaged = false
  /** Tabs that were asked for everything they have. @type {Set<string>} */
  #asked = new Set()
  /** Edits in the transaction under way. */
  #writing = 0
  #owner
  #environment
  #makeRoom
  #channel
  #rows
  #tabs

  /** @param {import('./options.js').CopyOptions} options @param {import('./options.js').CopyOwner} owner */
  constructor({ name, database, channel, describe, environment, makeRoom }, owner) {
    this.#owner = owner
    this.#environment = environment
    this.#rows = new CopyRows({ name, database, session: owner.session, now: () => environment.now(), describe })
    this.#makeRoom = makeRoom
    this.#channel = channel
    this.#tabs = this.#meet()
    this.whenLoaded = this.#load()
  }

  /** Our own edits that are not stored yet. */
  get unstored() {
    return this.#queue.reduce((sum, { edits }) => sum + edits, this.#writing)
  }

  /** A change made here; `saving` has counted it already. @param {Uint8Array} update */
  edited(update) {
    this.#tabs.say({ kind: 'edit', update, isKept: this.storage !== 'refused' })
    this.#keep(update, true)
  }

  /** A change that the server sent. @param {Uint8Array} update */
  received(update) {
    this.#keep(update, false)
  }

  /** Confirmations or the epoch have changed. */
  touched() {
    this.#isStale = true
    this.#flushWithin(FLUSH_MARKS_AFTER)
    this.#tabs.say({ kind: 'marks' })
  }

  /** The document turned out to be this life: tabs that waited for that may join. */
  settled() {
    this.touched()
    this.#tabs.say({ kind: 'hello', vector: Y.encodeStateVector(this.#owner.doc) })
  }

  /** Our presence, for the other tabs. @param {Uint8Array} states */
  presence(states) {
    this.#tabs.say({ kind: 'presence', client: this.#owner.doc.clientID, states })
  }

  /** Stores what waits, now. Resolves when that was tried. */
  async flush() {
    await this.whenLoaded
    while (this.#flushing) await this.#flushing
    if (!this.#isClosed && (this.#queue.length > 0 || this.#isStale)) await this.#flushNow()
  }

  /** Deletes the copy, also for the other tabs; nothing is stored any more. */
  async drop() {
    this.#tabs.say({ kind: 'dropped', copy: this.#rows.life })
    await this.close()
    await this.#rows.remove()
  }

  /** Stores what waits and stops. */
  async close() {
    if (this.#isClosed) return
    this.#environment.clearTimeout(this.#quiet)
    await this.flush().catch(() => {})
    this.#isClosed = true
    if (this.#due) this.#environment.clearTimeout(this.#due.timer)
    this.#tabs.close()
  }

  /** The document has another name now, and so has the copy. Resolves when that was tried. @param {string} name */
  moveTo(name) {
    const moving = this.#moveTo(name).finally(() => this.moving === moving && (this.moving = null))
    this.moving = moving
    return moving
  }

  /** @param {string} name */
  async #moveTo(name) {
    await this.whenLoaded
    while (this.#flushing) await this.#flushing
    if (this.#isClosed) return
    this.#flushing = this.#rows.moveTo(name).catch(error => this.#failed(error)).finally(() => (this.#flushing = null))
    await this.#flushing
    if (this.#isClosed) return
    this.#tabs.close()
    this.#tabs = this.#meet()
    // Also writes what only this tab has, wherever the copy went.
    this.settled()
  }

  /** The other tabs that have the document open under its name. */
  #meet() {
    const { session, life, saving } = this.#owner
    const open = this.#channel
    return new Tabs({
      open: open && (() => open(this.#rows.name)),
      session,
      standing: () => ({ epoch: life.epoch, marks: saving.marks }),
      heard: message => this.#heard(message),
    })
  }

  async #load() {
    const { doc, life, saving } = this.#owner
    try {
      const { updates, record } = await this.#rows.load()
      if (this.#isClosed) return
      if (record) {
        life.epoch ??= record.epoch
        Y.transact(doc, () => updates.forEach(update => this.#restore(update)), this, false)
        // What cannot be read cannot be sent either: it stays unconfirmed, and so the copy is kept.
        if (!this.#isDamaged) saving.learned(record.marks, this.#environment.now())
        this.hasContent = updates.length > 0
      }
      this.storage = 'kept'
      if (this.#rows.isLoose) this.#compactWhenQuiet()
    } catch (error) {
      this.#failed(error)
    }
    this.#tabs.say({ kind: 'hello', vector: Y.encodeStateVector(doc) })
    this.#owner.changed()
  }

  /** @param {Uint8Array} update */
  #restore(update) {
    try {
      Y.applyUpdate(this.#owner.doc, update, this)
    } catch (error) {
      console.error('a part of the copy on this device cannot be read', error)
      this.#isDamaged = true
    }
  }

  /** @param {Uint8Array} update @param {boolean} isEdit */
  #keep(update, isEdit) {
    if (this.#isClosed) return
    this.#queue.push({ update, edits: isEdit ? 1 : 0 })
    this.#flushWithin(isEdit ? FLUSH_AFTER : FLUSH_OTHERS_AFTER)
    this.#compactWhenQuiet()
  }

  /** @param {number} ms */
  #flushWithin(ms) {
    if (this.#isClosed) return
    const at = this.#environment.now() + ms
    if (this.#due && this.#due.at <= at) return
    if (this.#due) this.#environment.clearTimeout(this.#due.timer)
    this.#due = { at, timer: this.#environment.setTimeout(() => void this.flush(), ms) }
  }

  #flushNow() {
    if (this.#due) this.#environment.clearTimeout(this.#due.timer)
    this.#due = null
    const taken = this.#queue.splice(0)
    this.#writing = taken.reduce((sum, { edits }) => sum + edits, 0)
    this.#isStale = false
    this.#flushing = this.#write(taken.map(({ update }) => update)).then(
      () => this.#succeeded(),
      error => {
        if (taken.length > 0) this.#queue.unshift({ update: Y.mergeUpdates(taken.map(({ update }) => update)), edits: this.#writing })
        this.#isStale = true
        this.#failed(error)
        if (this.problem !== 'missing') this.#flushWithin(RETRY_AFTER)
      },
    ).finally(() => {
      this.#writing = 0
      this.#flushing = null
      this.#owner.changed()
    })
    return this.#flushing
  }

  /** @param {Uint8Array[]} updates */
  async #write(updates) {
    const { doc, life, saving } = this.#owner
    const write = () => this.#rows.append(doc, updates, life.epoch, saving.marks)
    try {
      await write()
    } catch (error) {
      // A full disk may have room once old copies are gone; anything else may have been a passing trouble.
      if (problemOf(error) === 'full') await this.#makeRoom(this.#rows.name)
      await write()
    }
  }

  #succeeded() {
    this.storage = 'kept'
    this.problem = null
  }

  /** @param {unknown} error */
  #failed(error) {
    this.storage = 'refused'
    this.problem = problemOf(error)
  }

  #compactWhenQuiet() {
    this.#environment.clearTimeout(this.#quiet)
    this.#quiet = this.#environment.setTimeout(() => {
      if (this.#isClosed || this.#isDamaged || !this.#rows.isLoose || this.storage !== 'kept') return
      this.flush().then(() => this.#rows.compact(this.#owner.doc)).catch(error => this.#failed(error))
    }, QUIET)
  }

  /** @param {import('./tabs.js').Message} message */
  #heard(message) {
    if (this.#isClosed) return
    if (message.kind === 'presence' || message.kind === 'who') return this.#owner.presence(message)
    if (message.kind === 'dropped') {
      this.#isClosed = isSameCopy(message, this.#rows.life, this.#owner.life.epoch)
      return this.#isClosed ? this.#owner.dropped() : undefined
    }
    const { doc, life, saving } = this.#owner
    if (!life.meets(message.epoch, 'vector' in message ? message.vector : null, doc)) return
    if (message.kind === 'hello') this.#answer(message.from, message.vector, false)
    if (message.kind === 'state' || message.kind === 'edit') {
      Y.applyUpdate(doc, message.update, this)
      // Whoever could not store it needs somebody who can.
      if (message.kind === 'state' || !message.isKept) this.#keep(message.update, false)
    }
    if (message.kind === 'state') {
      this.hasContent ||= !isEmpty(doc)
      if (!message.isLast) this.#answer(message.from, message.vector, true)
    }
    const before = saving.marks
    saving.learned(sureOf(message, before, isIncomplete(doc)), this.#environment.now())
    if (message.kind === 'state') this.#asked.delete(message.from)
    else if (message.kind === 'edit' && (isIncomplete(doc) || !follows(message, before)) && !this.#asked.has(message.from)) {
      this.#asked.add(message.from)
      this.#tabs.say({ kind: 'hello', vector: Y.encodeStateVector(doc) }, message.from)
    }
    this.#owner.changed()
  }

  /** Sends another tab what it lacks. @param {string} to @param {Uint8Array} vector @param {boolean} isLast */
  #answer(to, vector, isLast) {
    const { doc } = this.#owner
    this.#tabs.say({ kind: 'state', vector: Y.encodeStateVector(doc), update: Y.encodeStateAsUpdate(doc, vector), isLast }, to)
  }
}
