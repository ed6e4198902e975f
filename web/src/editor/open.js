// Fetches and opens the editor for a kind of document.
import { breathe } from '../ui/breathe.js'
import { withStyles } from '../ui/styles.js'

/** @typedef {import('./contract.js').EditorContext} EditorContext */
/** @typedef {import('./contract.js').OpenEditor} OpenEditor */

/** @type {Record<import('../sync/meta.js').Kind, () => Promise<{ open: (parent: HTMLElement, context: EditorContext) => OpenEditor | Promise<OpenEditor> }>>} */
const EDITORS = {
  rich: () => import('./rich/index.js'),
  markdown: () => withStyles('text', import('./text/markdown.js')),
  code: () => withStyles('text', import('./text/code.js')),
}

/** Begins fetching an editor that will probably be needed. @param {import('../sync/meta.js').Kind} kind */
export function fetchEditor(kind) {
  EDITORS[kind]().catch(() => undefined)
}

/** @param {import('../sync/meta.js').Kind} kind @param {HTMLElement} parent @param {EditorContext} context */
export async function openEditor(kind, parent, context) {
  const { open } = await EDITORS[kind]()
  // Evaluating its modules and making the editor take long each.
  await breathe()
  return open(parent, context)
}
