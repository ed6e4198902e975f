// Keys that know Markdown: Enter continues lists and quotes, Backspace takes their marks away, Tab indents in lists
// and nowhere else, so that it leaves the text as everywhere.
import { deleteMarkupBackward, indentLess, indentMore, insertNewlineContinueMarkupCommand } from '../../../../vendor/text.js'
import { isInList } from './blocks.js'

/** @type {import('../extension.js').KeyBinding[]} */
export const markdownKeys = [
  { key: 'Enter', run: insertNewlineContinueMarkupCommand({ nonTightLists: false }) },
  { key: 'Backspace', run: deleteMarkupBackward },
  { key: 'Tab', run: view => isInList(view.state) && indentMore(view), shift: view => isInList(view.state) && indentLess(view) },
  // CodeMirror would write an HTML comment; the page shows its shortcuts.
  { key: 'Mod-/', run: () => false },
]
