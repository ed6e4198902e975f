// Numbers of the server as people read them, in their language. Pure.
import { language, t } from '../../i18n/index.js'
import '../../i18n/server.js'

/** @typedef {'count' | 'rate' | 'seconds' | 'bytes' | 'byteRate' | 'share'} Unit */

/** What stands where nothing was measured. */
export const NOTHING = '–'
const SIZES = ['B', 'kB', 'MB', 'GB', 'TB']

/** @param {number} value @param {number} digits of the fraction, at most */
const number = (value, digits) => new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(value)
/** With about three digits. @param {number} value */
const three = value => number(value, value >= 100 ? 0 : value >= 10 ? 1 : 2)

/** @param {number | null | undefined} value @param {Unit} unit */
export function formatted(value, unit) {
  if (value === null || value === undefined || Number.isNaN(value)) return NOTHING
  if (unit === 'seconds') return value < 0.001 ? `${number(value * 1e6, 0)} µs` : value < 1 ? `${three(value * 1e3)} ms` : `${three(value)} s`
  if (unit === 'share') return `${number(value * 100, value < 0.1 ? 1 : 0)} %`
  if (unit === 'bytes') return bytes(value)
  if (unit === 'byteRate') return t('server.by.second', { value: bytes(value) })
  return unit === 'rate' ? three(value) : number(value, 0)
}

/** @param {number} value */
export function bytes(value) {
  let step = 0
  for (; value >= 1000 && step < SIZES.length - 1; step++) value /= 1000
  return `${step === 0 ? number(value, 0) : three(value)} ${SIZES[step]}`
}

/** A time in seconds as its two largest parts: "3 d 4 h". @param {number} seconds */
export function lasted(seconds) {
  const parts = /** @type {const} */ ([['server.days', 86_400], ['server.hours', 3600], ['server.minutes', 60], ['server.seconds', 1]])
  const first = Math.max(0, parts.findIndex(([, size]) => seconds >= size))
  const from = seconds < 1 ? 3 : first
  let left = Math.floor(seconds)
  return parts.slice(from, from + 2).map(([key, size]) => {
    const count = Math.floor(left / size)
    left -= count * size
    return t(key, { count })
  }).join(' ')
}

/** Room above the highest peak, or it could not be told from one that is cut off. */
const HEADROOM = 1.08
const STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10]

/** The upper end of an axis: the next round number, a bit above the peaks. @param {number} most */
export function roundUp(most) {
  if (!(most > 0)) return 1
  const least = most * HEADROOM
  const power = 10 ** Math.floor(Math.log10(least))
  // Whole numbers have few steps below ten, and are not to be told as halves.
  const step = STEPS.find(it => it * power >= least && (power !== 1 || Number.isInteger(it))) ?? 10
  return step * power
}
