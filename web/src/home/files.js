// What a dropped or chosen file becomes: told by its name, its size and a look at its text. Pure.

/** @typedef {import('../api/documents.js').Format} Format */
/** @typedef {import('../sync/meta.js').Kind} Kind */

/** Languages by the ends of file names; keys of the vendored languages. @type {Record<string, string>} */
const LANGUAGES = {
  c: 'c', h: 'c', cc: 'cpp', cpp: 'cpp', cxx: 'cpp', hpp: 'cpp', cs: 'csharp', css: 'css', go: 'go', java: 'java',
  js: 'javascript', jsx: 'javascript', mjs: 'javascript', cjs: 'javascript', json: 'json', kt: 'kotlin', kts: 'kotlin', php: 'php', py: 'python',
  rb: 'ruby', rs: 'rust', sh: 'shell', bash: 'shell', zsh: 'shell', sql: 'sql', swift: 'swift', toml: 'toml',
  ts: 'typescript', tsx: 'typescript', xml: 'xml', svg: 'xml', yaml: 'yaml', yml: 'yaml',
}

/** Ends that people expect to work and that need another program first. */
const OFFICE = new Set(['doc', 'docx', 'odt', 'pages', 'pdf', 'rtf', 'ppt', 'pptx', 'xls', 'xlsx', 'ods', 'epub'])

/** Largest saved document, in bytes: as many edits as the server takes in. */
export const LARGEST_SAVED = 64 << 20

/**
 * What to ask of the server.
 * @typedef {object} Plan
 * @property {Format} format
 * @property {string} title
 * @property {Kind} [kind] as the server finds best when absent
 * @property {string} [lang]
 */
/** Why a file cannot be imported. @typedef {'office' | 'binary' | 'empty' | 'too-large'} Refusal */

/**
 * @param {{ name: string, size: number, slice: Blob['slice'] }} file
 * @param {number} largest bytes
 * @returns {Promise<Plan | Refusal>}
 */
export async function planFor(file, largest) {
  const { stem, end } = split(file.name)
  if (OFFICE.has(end)) return 'office'
  if (file.size === 0) return 'empty'
  if (end === 'coscribe') return file.size > LARGEST_SAVED ? 'too-large' : { format: 'coscribe', title: stem }
  if (file.size > largest) return 'too-large'
  if (end === 'yjs') return { format: 'yjs', title: stem }
  const text = await readText(file)
  if (text === null) return 'binary'
  if (end === 'md' || end === 'markdown') return { format: 'md', title: titleOf(stem), kind: 'markdown' }
  if (end === 'html' || end === 'htm') return { format: 'html', title: titleOf(stem), kind: 'rich' }
  if (end === 'txt') return { format: 'txt', title: titleOf(stem), kind: 'rich' }
  if (end === 'json' && isRichJson(text)) return { format: 'json', title: titleOf(stem), kind: 'rich' }
  return { format: 'txt', title: file.name, kind: 'code', lang: LANGUAGES[end] ?? '' }
}

/** @param {string} name */
function split(name) {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? { stem: name.slice(0, dot), end: name.slice(dot + 1).toLowerCase() } : { stem: name, end: '' }
}

/** `meeting_notes-2026` reads better with blanks; anything with blanks is left alone. @param {string} stem */
const titleOf = stem => (/\s/.test(stem) ? stem : stem.replaceAll('_', ' ')).trim()

/** The text of a file, null when it is not UTF-8 or holds what no text does. @param {{ slice: Blob['slice'] }} file */
async function readText(file) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.slice().arrayBuffer())
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}

/** Whether JSON is a document of ProseMirror, as our own export is. @param {string} text */
function isRichJson(text) {
  try {
    const value = JSON.parse(text)
    return value?.type === 'doc' && Array.isArray(value.content)
  } catch {
    return false
  }
}
