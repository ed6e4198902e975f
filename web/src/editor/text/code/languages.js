// The languages that code can be written in, by the names they go by, and the one a document is in, live for
// everybody. A grammar is fetched when the first document needs it.
import { Compartment } from '../../../../vendor/text.js'
import { readMeta, writeMeta, ROOTS } from '../../../sync/meta.js'

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
  return {
    extension: compartment.of([]),
    /** @param {import('@codemirror/view').EditorView} view */
    start(view) {
      let shown = ''
      let isStopped = false
      const follow = async () => {
        const lang = languageOf(doc)
        if (lang === shown) return
        shown = lang
        onChanged()
        // Never at once: `meta` may change in the same transaction as the text, inside the editor's own update.
        const grammar = await fetchGrammar(lang)
        if (shown === lang && !isStopped) view.dispatch({ effects: compartment.reconfigure(grammar) })
      }
      const observe = () => void follow()
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
async function fetchGrammar(lang) {
  if (!lang) return []
  try {
    const { languages } = await import('../../../../vendor/languages.js')
    return await languages[/** @type {keyof typeof languages} */ (lang)]()
  } catch {
    return []
  }
}
