// Which life of the document the content here belongs to. A document that was deleted and made again under its
// name has another one (its epoch), and the two must never be merged. Pure: it is told things and says how to go on.
import { Y } from '../../vendor/core.js'

/** `prove`: the server's state vector must tell. @typedef {'same' | 'prove' | 'replaced'} Judgement */

/** The life of one document, as this page knows it. */
export class Life {
  /** Null while the content here was never part of a document on the server. @type {string | null} */
  epoch = null
  /** This connection began when the server had no such document; what it makes of our edits is ours. */
  #isWitness = false
  /** The epoch told since; the server may still forget it in a crash until it answers that edits are durable. @type {string | null} */
  #born = null
  /** What `prove` is about. @type {string | null} */
  #claimed = null

  /** A connection begins. */
  connected() {
    this.#isWitness = false
    this.#born = null
    this.#claimed = null
  }

  /** Whether nothing may be merged before `proven`. */
  get isUnproven() {
    return this.#claimed !== null
  }

  /** Whether the server has named an epoch that it may still forget. */
  get isYoung() {
    return this.epoch === null && this.#born !== null
  }

  /** The server names the epoch; null when it has no such document. @param {string | null} epoch @param {boolean} isEmpty nothing is in the document here @returns {Judgement} */
  greeted(epoch, isEmpty) {
    const mine = this.epoch ?? this.#born
    if (mine !== null) return epoch === mine ? 'same' : 'replaced'
    if (epoch === null) this.#isWitness = true
    else if (this.#isWitness) this.#born = epoch
    else if (isEmpty) this.epoch = epoch
    else {
      this.#claimed = epoch
      return 'prove'
    }
    return 'same'
  }

  /**
   * Content that was written while there was no document may have become this one, unknown to us: then the
   * other side has some of it. Otherwise it is a document of somebody else.
   * @param {Uint8Array} theirs state vectors
   * @param {Uint8Array} ours
   * @returns {Judgement}
   */
  proven(theirs, ours) {
    if (!sharesEdits(theirs, ours)) return 'replaced'
    this.epoch = this.#claimed
    this.#claimed = null
    return 'same'
  }

  /**
   * Another tab tells the epoch of its document, and what it has of it: whether the two are one. Tabs of different
   * lives have nothing to say to each other.
   * @param {string | null} epoch
   * @param {Uint8Array | null} theirs a state vector
   * @param {Y.Doc} doc
   */
  meets(epoch, theirs, doc) {
    if (epoch === this.epoch) return true
    if (this.epoch !== null || theirs === null) return false
    if (!isEmpty(doc) && !sharesEdits(theirs, Y.encodeStateVector(doc))) return false
    this.epoch = epoch
    return true
  }

  /**
   * Whether the copy on this device, which came late, is of the document that is here by now. One of another life is
   * taken while nothing is here; the server has to be asked again then. What was never on the server is not taken for
   * what somebody has begun there since.
   * @param {string | null} epoch the copy's
   * @param {Y.Doc} doc
   */
  takes(epoch, doc) {
    if (epoch === this.epoch) return !this.isYoung
    if (this.epoch !== null || !isEmpty(doc)) return false
    this.epoch = epoch
    return true
  }

  /** The server has something of ours on disk, so it will not forget the document. */
  confirmed() {
    this.epoch ??= this.#born
  }
}

/** Whether both have edits of one client. @param {Uint8Array} theirs @param {Uint8Array} ours */
export function sharesEdits(theirs, ours) {
  const mine = Y.decodeStateVector(ours)
  return [...Y.decodeStateVector(theirs)].some(([client, clock]) => clock > 0 && (mine.get(client) ?? 0) > 0)
}

/** Whether edits wait in a document for others that they build on. @param {Y.Doc} doc */
export function isIncomplete(doc) {
  return Boolean(doc.store.pendingStructs ?? doc.store.pendingDs)
}

/** Whether nothing was ever written into a document. @param {Y.Doc} doc */
export function isEmpty(doc) {
  return doc.store.clients.size === 0 && !doc.store.pendingStructs && !doc.store.pendingDs
}
