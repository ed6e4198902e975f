// The words of the app in the reader's language: `t('key', { name })`. Knows nothing of who shows them.
// English comes in parts, each with the modules that say it (`import '../i18n/home.js'`); other languages are fetched whole
// before the first drawing (`await settleLanguage()`).
import { signal } from '../../vendor/view.js'
import { common } from './en/common.js'

/** @typedef {keyof typeof import('./en/index.js').en} Key */
/** @typedef {Record<string, string>} Table */

/** Languages with a complete table, by their own names. */
export const LANGUAGES = /** @type {const} */ ({ en: 'English', de: 'Deutsch' })
/** @typedef {keyof typeof LANGUAGES} Language */

/** The English texts that have come so far. @type {Table} */
const en = { ...common }

/** @type {Record<Language, () => Promise<Table>>} */
const TABLES = { en: async () => en, de: async () => (await import('./de/index.js')).de }

const STORED = 'coscribe.language'
const table = signal(en)

/** What the page speaks now. */
export const language = signal(/** @type {Language} */ ('en'))

/** Adds the English texts of a part. @param {Table} texts */
export function addTexts(texts) {
  Object.assign(en, texts)
}

/**
 * The text of a key, with `{name}` replaced by values. A text with forms for numbers is written
 * `one|other` and chosen by the value `count`.
 * @param {Key} key
 * @param {Record<string, unknown>} [values]
 */
export function t(key, values = {}) {
  const written = table.value[key] ?? en[key]
  const forms = written.split('|')
  const isOne = forms.length > 1 && new Intl.PluralRules(language.value).select(Number(values.count)) === 'one'
  const text = forms.length === 1 || isOne ? forms[0] : forms[1]
  return text.replace(/\{(\w+)\}/g, (all, name) => {
    const value = values[name]
    return value === undefined ? all : typeof value === 'number' ? numbers().format(value) : String(value)
  })
}

/** Kept, as making one takes longer than all else a text needs; toolbars are drawn at every key. @type {{ of: Language, format: Intl.NumberFormat } | undefined} */
let kept

function numbers() {
  if (kept?.of !== language.value) kept = { of: language.value, format: new Intl.NumberFormat(language.value) }
  return kept.format
}

/** Chooses the language: what was chosen here before, else the browser's; and fetches its table. */
export async function settleLanguage() {
  const wanted = [stored(), ...navigator.languages].map(tag => tag?.split('-')[0])
  await speak(/** @type {Language} */ (wanted.find(tag => tag && tag in LANGUAGES) ?? 'en'))
}

/** Speaks what is chosen in another tab. */
export function followLanguage() {
  addEventListener('storage', event => event.key === STORED && void settleLanguage())
}

/** Switches the page and remembers it. @param {Language} chosen */
export async function chooseLanguage(chosen) {
  await speak(chosen)
  try {
    localStorage.setItem(STORED, chosen)
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

/** @param {Language} chosen */
async function speak(chosen) {
  table.value = await TABLES[chosen]().catch(() => en)
  language.value = chosen
  document.documentElement.lang = chosen
}

function stored() {
  try {
    return localStorage.getItem(STORED)
  } catch {
    return null
  }
}
