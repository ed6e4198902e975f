// How the lists say kinds, times and sizes in the reader's language.
import { signal } from '../../vendor/view.js'
import { language, t } from '../i18n/index.js'
import { ago } from '../ui/ago.js'

/** How often times on the page are said anew, in ms. */
const TICK = 20_000

/** The time the page counts from, so that all its times tick together. */
export const now = signal(Date.now())

/** Lets times tick while somebody can see them. */
export function startClock() {
  const tick = () => document.visibilityState === 'visible' && (now.value = Date.now())
  setInterval(tick, TICK)
  document.addEventListener('visibilitychange', tick)
}

/** Languages of code by their own names; others are shown as written. @type {Record<string, string>} */
const LANGUAGES = { c: 'C', cpp: 'C++', csharp: 'C#', css: 'CSS', go: 'Go', html: 'HTML', java: 'Java', javascript: 'JavaScript', json: 'JSON', kotlin: 'Kotlin', php: 'PHP', python: 'Python', ruby: 'Ruby', rust: 'Rust', shell: 'Shell', sql: 'SQL', swift: 'Swift', toml: 'TOML', typescript: 'TypeScript', xml: 'XML', yaml: 'YAML' }

/** @param {{ kind: import('../sync/meta.js').Kind | null, lang: string }} item */
export function sayKind({ kind, lang }) {
  if (kind === 'code') return LANGUAGES[lang] ?? t('common.kind.code')
  return kind === 'markdown' ? t('common.kind.markdown') : t('common.kind.rich')
}

/** @param {import('./items.js').Item['kind']} kind */
export const iconOf = kind => (kind === 'code' ? 'kindCode' : kind === 'markdown' ? 'kindMarkdown' : 'kindRich')

/** Such as "2 min ago". @param {number} time */
export const sayAgo = time => ago(time, now.value, language.value, 'short')

/** A day and a time, for those who want to know exactly. @param {number} time */
export const sayMoment = time => new Intl.DateTimeFormat(language.value, { dateStyle: 'full', timeStyle: 'short' }).format(time)

/** Such as "14 kB". @param {number} bytes */
export function saySize(bytes) {
  const units = /** @type {const} */ (['kilobyte', 'megabyte', 'gigabyte'])
  const step = bytes < 1e6 ? 0 : bytes < 1e9 ? 1 : 2
  const value = bytes / 1000 ** (step + 1)
  const digits = value < 1 || (step > 0 && value < 10) ? 1 : 0
  return new Intl.NumberFormat(language.value, { style: 'unit', unit: units[step], unitDisplay: 'short', maximumFractionDigits: digits }).format(value)
}
