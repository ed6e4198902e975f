// The languages that code can be written in, by the names they go by, and the one a document is in, live for
// everybody. A grammar is fetched when the first document needs it.
import { Compartment, EditorView } from '../../../../vendor/text.js'
import { readMeta, writeMeta, ROOTS } from '../../../sync/meta.js'

/** A longer text has no colours: parsing it takes too long at every key. They come back when it is shorter than the second. */
const COLOURED_MOST = 1_000_000
const COLOURED_AGAIN = 900_000

/** Keys are what `meta.lang` holds. @type {Record<string, string>} */
export const LANGUAGE_NAMES = {
  c: 'C',
  csharp: 'C#',
  cpp: 'C++',
  css: 'CSS',
  go: 'Go',
  html: 'HTML',
  java: 'Java',
  javascript: 'JavaScript',
  json: 'JSON',
  kotlin: 'Kotlin',
  markdown: 'Markdown',
  php: 'PHP',
  python: 'Python',
  ruby: 'Ruby',
  rust: 'Rust',
  shell: 'Shell',
  sql: 'SQL',
  swift: 'Swift',
  toml: 'TOML',
  typescript: 'TypeScript',
  xml: 'XML',
  yaml: 'YAML',
}

/** The language of a document; empty for plain text and for one we have no grammar of. @param {import('../../../../vendor/core.js').Y.Doc} doc */
export function languageOf(doc) {
  const { lang } = readMeta(doc)
  return Object.hasOwn(LANGUAGE_NAMES, lang) ? lang : ''
}

/** @param {import('../../../../vendor/core.js').Y.Doc} doc @param {string} lang */
export function chooseLanguage(doc, lang) {
  writeMeta(doc, { lang })
}

/** The grammar of the document's language, and of the next when somebody chooses another. @param {import('../../../../vendor/core.js').Y.Doc} doc @param {() => void} onChanged */
export function followLanguage(doc, onChanged) {
  const compartment = new Compartment()
  const meta = doc.getMap(ROOTS.meta)
  let isTooLong = false
  let look = () => {}
  const measure = (/** @type {number} */ length) => (isTooLong = length > (isTooLong ? COLOURED_AGAIN : COLOURED_MOST))
  const lengths = EditorView.updateListener.of(update => {
    const before = isTooLong
    if (update.docChanged && measure(update.state.doc.length) !== before) look()
  })
  return {
    /** Whether the text is too long for the colours that it would have. */
    isTooLong: () => isTooLong && languageOf(doc) !== '',
    extension: [compartment.of([]), lengths],
    /** @param {import('@codemirror/view').EditorView} view */
    start(view) {
      let shown = ''
      let known = ''
      let isStopped = false
      measure(view.state.doc.length)
      const follow = async () => {
        const lang = languageOf(doc)
        const wanted = isTooLong ? '' : lang
        if (lang === known && wanted === shown) return
        known = lang
        shown = wanted
        onChanged()
        // Never at once: `meta` may change in the same transaction as the text, inside the editor's own update.
        const grammar = await fetchGrammar(wanted)
        if (shown === wanted && !isStopped) view.dispatch({ effects: compartment.reconfigure(grammar) })
      }
      const observe = (look = () => void follow())
      meta.observe(observe)
      observe()
      return () => {
        isStopped = true
        meta.unobserve(observe)
      }
    },
  }
}

/** Without a connection code stays readable without colours. @param {string} lang @returns {Promise<import('../extension.js').Extension>} */
export async function fetchGrammar(lang) {
  if (!lang) return []
  try {
    const { languages } = await import('../../../../vendor/languages.js')
    return await languages[/** @type {keyof typeof languages} */ (lang)]()
  } catch {
    return []
  }
}
