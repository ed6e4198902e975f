// What a document says about itself, in its Y.Map `meta`: title, kind, language of code, schema number.
// Whatever another app wrote there is read with care.
import { Y } from '../../vendor/core.js'

/** Names of the shared types, the same in every app that opens our documents (web and server). */
export const ROOTS = { rich: 'default', text: 'text', meta: 'meta' }
/** The newest rich text schema this app can write. A document that needs a newer one is shown, not edited. */
export const SCHEMA = 1
/** Longest title, in UTF-16 units. */
export const TITLE_LONGEST = 200

/** @typedef {'rich' | 'markdown' | 'code'} Kind */
/** @type {readonly Kind[]} */
export const KINDS = ['rich', 'markdown', 'code']

/**
 * @typedef {object} Meta
 * @property {string} title empty when it has none
 * @property {Kind | null} kind null when the document does not say and its content does not tell
 * @property {string} lang a key of the vendored languages; empty for plain text
 * @property {number} schema
 */

/** @param {Y.Doc} doc @returns {Meta} */
export function readMeta(doc) {
  const meta = doc.getMap(ROOTS.meta)
  const { title, kind, lang, schema } = Object.fromEntries(['title', 'kind', 'lang', 'schema'].map(key => [key, meta.get(key)]))
  return {
    title: typeof title === 'string' ? title.slice(0, TITLE_LONGEST) : '',
    kind: isKind(kind) ? kind : kindOfContent(doc),
    lang: typeof lang === 'string' ? lang : '',
    schema: typeof schema === 'number' ? schema : SCHEMA,
  }
}

/** Writes what differs, in one transaction. @param {Y.Doc} doc @param {Partial<Meta>} changes */
export function writeMeta(doc, changes) {
  const meta = doc.getMap(ROOTS.meta)
  doc.transact(() => {
    for (const [key, value] of Object.entries(changes)) if (meta.get(key) !== value) meta.set(key, value)
  })
}

/** @param {unknown} kind @returns {kind is Kind} */
export function isKind(kind) {
  return KINDS.includes(/** @type {Kind} */ (kind))
}

/** Which root holds something. Asks without making one. @param {Y.Doc} doc @returns {Kind | null} */
function kindOfContent(doc) {
  const isFilled = (/** @type {string} */ root) => (doc.share.get(root)?._start ?? null) !== null
  if (isFilled(ROOTS.rich)) return 'rich'
  return isFilled(ROOTS.text) ? 'markdown' : null
}
