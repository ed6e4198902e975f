// Moments in addresses and in words: `#e=12` is a moment, `#e=3..12` two that are compared.
import { language, t } from '../../i18n/index.js'
import '../../i18n/history.js'

/** @typedef {import('./scene.js').Scene} Scene */

/** The seqs that an address names. @param {string} hash @returns {{ at: number, base: number | null } | null} */
export function readMoment(hash) {
  const [, first, second] = hash.match(/^#e=(\d{1,15})(?:\.\.(\d{1,15}))?$/) ?? []
  if (first === undefined) return null
  const [base, at] = [Number(first), Number(second ?? first)].sort((a, b) => a - b)
  return { at, base: second === undefined || base === at ? null : base }
}

/** @param {Scene} scene */
export function momentHash({ index, at, base }) {
  const seqs = index.value?.seqs ?? []
  const seq = seqs[at.value] ?? 0
  return base.value === null ? `#e=${seq}` : `#e=${base.value < 0 ? 0 : seqs[base.value]}..${seq}`
}

/** @param {number} time ms since 1970 @param {Intl.DateTimeFormatOptions} [how] */
export function when(time, how = { dateStyle: 'medium', timeStyle: 'medium' }) {
  // Dates are written as in the reader's country, in the language of the page.
  const own = navigator.languages.filter(tag => tag.split('-')[0] === language.value)
  return new Intl.DateTimeFormat([...own, language.value], how).format(time)
}

/** Such as "5 Jan 2026, 14:03:22". @param {Scene} scene @param {number} row */
export function whenRow({ index }, row) {
  return row < 0 ? t('history.before') : when(index.value?.times[row] ?? 0)
}

/** Such as "edit 12 of 300 by Mia". @param {Scene} scene @param {number} row */
export function whichRow(scene, row) {
  return row < 0 ? t('history.before.detail') : t('history.edit', { number: row + 1, count: scene.last + 1, name: scene.authorAt(row).name })
}
