// Code: the text editor in a fixed width with the grammar of its language. Knows nothing of connections.
import { signal } from '../../../vendor/view.js'
import { openTextEditor } from './editor.js'

/** @param {HTMLElement} parent @param {import('../contract.js').EditorContext} context @returns {import('../contract.js').OpenEditor} */
export function open(parent, context) {
  const editor = openTextEditor(parent, context)
  return { ...editor, changed: signal(0), commands: [], outline: () => [], goTo: () => false, plainText: () => context.doc.getText('text').toString() }
}
