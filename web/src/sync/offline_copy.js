// One document's copy on this device: loads it, adds every change to it within a tenth of a second, meets the
// other tabs that have it open, and knows which edits are nowhere but here. How rows are laid out: copy_rows.js.
import { Y } from '../../vendor/core.js'
import { CopyRows } from './copy_rows.js'
import { problemOf } from './database.js'
import { isEmpty, isIncomplete } from './life.js'
import { restored } from './restored.js'
import { Soonest } from './soonest.js'
import { Tabs, follows, isSameCopy, sureOf } from './tabs.js'
import { Unstored } from './unstored.js'

/** An edit is stored after this, in ms; what others wrote may wait longer, as the server has it, and so may confirmations. */
const FLUSH_AFTER = 50
const FLUSH_MARKS_AFTER = 500
const FLUSH_OTHERS_AFTER = 1000
/** After a failure the next attempt is made this much later, in ms, or with the next edit after it. */
const RETRY_AFTER = 5000
/** A copy that came late is of another document than the one that is here. */
const STRANGE = new DOMException('the copy on this device is of another document', 'InvalidStateError')
/** Rows are made one when nothing was edited for this long, in ms. */
const QUIET = 2000

/** The copy of one document. Changes that it brings to the document have it as their origin. */
export class OfflineCopy {
  /** @type {import('./options.js').StorageState} */
  storage = 'opening'
  /** @type {import('./database.js').StorageProblem | null} */
  problem = null
  /** Something was loaded. */
  hasContent = false
  /** Settles when the copy is loaded, or not to be waited for: it may come later. @type {Promise<void>} */
  whenLoaded
  #unstored = new Unstored()
  /** Settles when nothing more will be loaded. @type {Promise<void> | undefined} */
  #whenRead
  /** What is stored here under our name is another document's. */
  #isStrange = false
  /** Confirmations or an epoch wait to be stored. */
  #isStale = false
  /** @type {Promise<void> | null} */
  #flushing = null
  /** @type {import('./socket.js').Timer | undefined} */
  #quiet
  #isClosed = false
  /** Nothing was read yet. */
  #isLoading = true
  /** A row could not be read: it is kept as it is, for whoever can. */
  #isDamaged = false
  /** Tabs that were asked for everything they have. @type {Set<string>} */
  #asked = new Set()
  #owner
  #environment
  #makeRoom
  #due
  #channel
  #rows
  #tabs

  /** @param {import('./options.js').CopyOptions} options @param {import('./options.js').CopyOwner} owner */
  constructor({ name, database, channel, describe, environment, makeRoom }, owner) {
    this.#owner = owner
    this.#environment = environment
    this.#due = new Soonest(environment, () => this.flush())
    this.#rows = new CopyRows({ name, database, session: owner.session, now: () => environment.now(), describe })
    this.#makeRoom = makeRoom
    this.#channel = channel
    this.#tabs = this.#meet()
    this.whenLoaded = new Promise(resolve => (this.#whenRead = this.#load(resolve)))
  }

  /** Our own edits that are not stored yet. */
  get unstored() {
    return this.#unstored.edits
  }

  /** A change made here; `saving` has counted it already. @param {Uint8Array} update */
  edited(update) {
    this.#tabs.say({ kind: 'edit', update, isKept: this.storage === 'kept' })
    this.#keep(update, true)
  }

  /** A change that the server sent. @param {Uint8Array} update */
  received(update) {
    this.#keep(update, false)
  }

  /** Confirmations or the epoch have changed. */
  touched() {
    this.#isStale = true
    this.#due.within(FLUSH_MARKS_AFTER)
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
    if (!this.#isClosed && (!this.#unstored.isEmpty || this.#isStale)) await this.#flushNow()
  }

  /** Deletes the copy, also for the other tabs; nothing is stored any more. */
  async drop() {
    this.#tabs.say({ kind: 'dropped', copy: this.#rows.life })
    await this.close()
    try {
      await this.#rows.remove(this.#owner.life.epoch)
    } catch (error) {
      // What cannot be reached cannot be deleted, and is in nobody's way.
      if (problemOf(error) !== 'slow') throw error
    }
  }

  /** Stores what waits and stops. */
  async close() {
    if (this.#isClosed) return
    this.#environment.clearTimeout(this.#quiet)
    await this.flush().catch(() => {})
    this.#isClosed = true
    this.#due.stop()
    this.#tabs.close()
  }

  /** The document has another name now, and so has the copy. Resolves when that was tried. @param {string} name */
  async moveTo(name) {
    await this.#whenRead
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

  /** Tries until the copy is here, or until it is clear that it will never be. @param {() => void} answered after the first attempt */
  async #load(answered) {
    for (let isLate = false; ; isLate = true) {
      let isOver = true
      try {
        await this.#read(isLate)
      } catch (error) {
        this.#failed(error)
        this.#isStrange = error === STRANGE
        isOver = this.problem === 'missing' || this.#isStrange
      }
      if (isOver || !isLate) this.#tabs.say({ kind: 'hello', vector: Y.encodeStateVector(this.#owner.doc) })
      this.#owner.changed()
      answered()
      if (isOver || this.#isClosed) return
      if (this.storage !== 'slow') await new Promise(resolve => this.#environment.setTimeout(() => resolve(undefined), RETRY_AFTER))
      if (this.#isClosed) return
    }
  }

  /** @param {boolean} isLate the document may have been written in, and the server asked */
  async #read(isLate) {
    const { doc, life, saving, late } = this.#owner
    const { updates, record, numbers } = await this.#rows.load()
    if (this.#isClosed) return
    if (record && isLate && !life.takes(record.epoch, doc)) throw STRANGE
    if (record && isLate) late()
    this.#isLoading = false
    if (record) {
      this.#rows.took(record, numbers)
      life.epoch ??= record.epoch
      this.#isDamaged = !restored(doc, updates, this)
      // What cannot be read cannot be sent either: it stays unconfirmed, and so the copy is kept.
      if (!this.#isDamaged) saving.learned(record.marks, this.#environment.now())
      this.hasContent = updates.length > 0
    }
    this.#succeeded()
    if (this.#rows.isLoose) this.#compactWhenQuiet()
  }

  /** @param {Uint8Array} update @param {boolean} isEdit */
  #keep(update, isEdit) {
    if (this.#isClosed) return
    this.#unstored.add(update, isEdit)
    this.#due.within(isEdit ? FLUSH_AFTER : FLUSH_OTHERS_AFTER)
    this.#compactWhenQuiet()
  }

  #flushNow() {
    this.#due.stop()
    const taken = this.#unstored.take()
    this.#isStale = false
    this.#flushing = this.#write(taken.map(({ update }) => update)).then(
      () => {
        this.#unstored.written()
        this.#succeeded()
      },
      error => {
        this.#unstored.refused(taken)
        this.#isStale = true
        this.#failed(error)
        if (this.problem !== 'missing') this.#due.within(RETRY_AFTER)
      },
    ).finally(() => {
      this.#flushing = null
      this.#owner.changed()
    })
    return this.#flushing
  }

  /** @param {Uint8Array[]} updates */
  async #write(updates) {
    if (this.#isStrange) throw STRANGE
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
    this.problem = problemOf(error)
    this.storage = this.problem === 'slow' && this.#isLoading ? 'slow' : 'refused'
  }

  #compactWhenQuiet() {
    this.#environment.clearTimeout(this.#quiet)
    this.#quiet = this.#environment.setTimeout(() => {
      if (this.#isClosed || this.#isDamaged || !this.#rows.isLoose || this.storage !== 'kept') return
      // Everything is stored with many rows as well.
      this.flush().then(() => this.#rows.compact(this.#owner.doc)).catch(error => console.warn('the copy on this device was not made smaller', error))
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
