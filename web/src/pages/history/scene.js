// What the parts of the timeline share: one record of signals, and how a moment is chosen. Draws nothing.
import { computed, signal } from '../../../vendor/view.js'
import { History } from '../../api/history.js'
import { Scale, nextSession, sessionsOf } from '../../history/activity.js'
import { firstAbove } from '../../history/columns.js'
import { freeLook } from '../../presence/colors.js'
import { t } from '../../i18n/index.js'
import '../../i18n/history.js'

/** @template T @typedef {{ value: T }} Signal */
/** @typedef {import('../../history/columns.js').Index} Index */
/** @typedef {'offline' | 'missing' | 'damaged' | 'failed'} Problem */
/** @typedef {'changes' | 'versions'} PanelName */
/** @typedef {'1' | '4' | '16' | 'max'} Speed */
/** @typedef {{ hue: number, shape: number, name: string }} Look */

/** @type {readonly Speed[]} */
export const SPEEDS = ['1', '4', '16', 'max']

export class Scene {
  index = signal(/** @type {Index | null} */ (null))
  problem = signal(/** @type {{ kind: Problem, detail: string } | null} */ (null))
  at = signal(0)
  base = signal(/** @type {number | null} */ (null))
  isPlaying = signal(false)
  speed = signal(/** @type {Speed} */ ('4'))
  measure = signal(/** @type {import('../../history/activity.js').Measure} */ ('time'))
  hasColours = signal(true)
  isSide = signal(false)
  muted = signal(/** @type {ReadonlySet<number>} */ (new Set()))
  panel = signal(/** @type {PanelName | null} */ (null))
  versions = signal(/** @type {import('../../api/history.js').Version[]} */ ([]))
  view = signal(/** @type {import('../../editor/contract.js').PastView | null} */ (null))
  changes = signal(/** @type {import('../../editor/contract.js').PastChange[]} */ ([]))
  overlay = signal(/** @type {(() => any) | null} */ (null))
  scale = computed(() => new Scale(this.index.value?.times ?? [], this.measure.value))
  sessions = computed(() => sessionsOf(this.index.value?.times ?? []))
  /** The newest row when the page last looked. */
  shownLast = -1
  /** @type {Look[]} */
  #looks = []

  /**
   * @param {object} parts
   * @param {string} parts.name the document's
   * @param {() => string} parts.me the person's name
   * @param {(name: string) => import('../../presence/colors.js').Look | null} parts.known how somebody who is here looks
   * @param {() => void} parts.onLeave goes back to the document
   */
  constructor({ name, me, known, onLeave }) {
    this.name = name
    this.known = known
    this.onLeave = onLeave
    this.api = new History(name, me)
  }

  get last() {
    return (this.index.value?.seqs.length ?? 0) - 1
  }

  /** How an author is drawn: as elsewhere on the page, else in a colour that nobody has. @param {number} author @returns {Look} */
  lookOf = author => {
    const users = this.index.value?.users ?? []
    for (let next = this.#looks.length; next <= author && next < users.length; next += 1) {
      const { id, name } = users[next]
      this.#looks.push({ ...(this.known(name) ?? freeLook(id || name, this.#looks)), name: name || t('history.someone') })
    }
    return this.#looks[author] ?? { hue: 7, shape: 7, name: t('history.someone') }
  }

  /** @param {number} row */
  authorAt(row) {
    return this.lookOf(this.index.value?.authors[row] ?? -1)
  }

  /** Shows another moment; comparing goes on from an earlier one. @param {number} row */
  goTo(row) {
    const at = Math.max(0, Math.min(row, this.last))
    this.at.value = at
    if (this.base.value !== null && this.base.value >= at) this.base.value = Math.max(-1, at - 1)
  }

  /** Compares with another moment. @param {number} row −1 is before everything */
  compareWith(row) {
    const base = Math.max(-1, Math.min(row, this.last - 1))
    this.base.value = base
    if (this.at.value <= base) this.at.value = base + 1
  }

  /** @param {number} seq */
  rowOf(seq) {
    return firstAbove(this.index.value?.seqs ?? [], seq) - 1
  }

  /** The next moment by somebody who is not muted. @param {number} steps */
  step(steps) {
    const { index, muted } = this
    const direction = Math.sign(steps)
    let row = this.at.value
    for (let left = Math.abs(steps); left > 0; left -= 1) {
      do row += direction
      while (row > 0 && row < this.last && muted.value.has(index.value?.authors[row] ?? -1))
    }
    this.goTo(row)
  }

  /** @param {1 | -1} direction */
  stepSession(direction) {
    this.goTo(nextSession(this.sessions.value, this.at.value, direction, this.last))
  }

  /** @param {1 | -1} direction */
  stepVersion(direction) {
    const rows = this.versions.value.map(({ seq }) => this.rowOf(seq)).filter(row => row >= 0).sort((a, b) => a - b)
    const next = direction > 0 ? rows.find(row => row > this.at.value) : rows.findLast(row => row < this.at.value)
    if (next !== undefined) this.goTo(next)
  }

  /** Hears an author or not. @param {number} author */
  toggleMuted(author) {
    const muted = new Set(this.muted.value)
    if (!muted.delete(author)) muted.add(author)
    this.muted.value = muted
  }

  /** Hears nobody else; a second time all again. @param {number} author */
  toggleSolo(author) {
    const others = (this.index.value?.users ?? []).map((_, other) => other).filter(other => other !== author)
    this.muted.value = this.isSolo(author) ? new Set() : new Set(others)
  }

  /** @param {number} author */
  isSolo(author) {
    const count = this.index.value?.users.length ?? 0
    return count > 1 && this.muted.value.size === count - 1 && !this.muted.value.has(author)
  }
}
