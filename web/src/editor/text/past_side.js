// Two moments of a code document side by side, the earlier one at the start. Fetched when somebody asks for it.
import { MergeView } from '../../../vendor/merge.js'
import { t } from '../../i18n/index.js'
import '../../i18n/history.js'
import { EditorView } from '../../../vendor/text.js'

/** @typedef {{ show: (before: string, after: string) => void, destroy: () => void }} Side */

/** @param {HTMLElement} parent @param {import('./extension.js').Extension} extensions @returns {Side} */
export function openSide(parent, extensions) {
  const named = (/** @type {string} */ label) => [extensions, EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' })]
  const view = new MergeView({
    parent,
    a: { doc: '', extensions: named(t('history.side.before')) },
    b: { doc: '', extensions: named(t('history.side.after')) },
    collapseUnchanged: { margin: 3, minSize: 6 },
    gutter: true,
  })
  const put = (/** @type {EditorView} */ one, /** @type {string} */ text) => {
    if (one.state.doc.toString() !== text) one.dispatch({ changes: { from: 0, to: one.state.doc.length, insert: text } })
  }
  return {
    show(before, after) {
      put(view.a, before)
      put(view.b, after)
    },
    destroy: () => view.destroy(),
  }
}
