// The rich text editor: Tiptap on the document's fragment `default`. Knows nothing of connections.
import { signal } from '../../../vendor/view.js'
import * as R from '../../../vendor/rich.js'
import { ROOTS } from '../../sync/meta.js'

/** @param {HTMLElement} parent @param {import('../contract.js').EditorContext} context @returns {import('../contract.js').OpenEditor} */
export function open(parent, { doc }) {
  const changed = signal(0)
  const editor = new R.Editor({
    element: parent,
    extensions: [R.Document, R.Paragraph, R.Text, R.Bold, R.Heading, R.Collaboration.configure({ document: doc, field: ROOTS.rich })],
    onTransaction: () => void changed.value++,
  })
  return {
    setEditable: canEdit => editor.setEditable(canEdit),
    focus: () => void editor.commands.focus(),
    destroy: () => editor.destroy(),
    changed,
    get commands() {
      return [{ id: 'bold', label: 'Bold', keys: 'Mod-b', icon: 'bold', group: 'mark', run: () => editor.chain().focus().toggleBold().run(), isActive: () => editor.isActive('bold') }]
    },
    outline: () => [],
    goTo: () => false,
    plainText: () => editor.getText(),
  }
}
