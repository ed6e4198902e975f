// Times relative to now, in the browser's language. Pure.

/** @type {[unit: Intl.RelativeTimeFormatUnit, ms: number][]} */
const UNITS = [
  ['year', 31_557_600_000],
  ['month', 2_629_800_000],
  ['week', 604_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

/** Such as "5 minutes ago". @param {number} time in ms @param {number} now in ms @param {string} [language] @param {Intl.RelativeTimeFormatStyle} [style] */
export function ago(time, now, language, style = 'long') {
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style })
  const passed = Math.max(0, now - time)
  const unit = UNITS.find(([, ms]) => passed >= ms)
  return unit ? format.format(-Math.floor(passed / unit[1]), unit[0]) : format.format(0, 'second')
}
