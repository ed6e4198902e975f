// What people can do with Markdown, for the toolbar, the palette and the list of shortcuts.
import { t } from '../../../i18n/index.js'
import { historyCommands, viewCommands } from '../commands.js'
import { codeBlock, cycleHeading, headingLevel, insertDivider, insertTable, isList, isQuote, setHeading, toggleList, toggleQuote } from './blocks.js'
import { hasMark, nodeAround, toggleLink, toggleMark } from './marks.js'
import { dispatchTask } from './tasks.js'

/** @typedef {import('../../contract.js').EditorCommand} EditorCommand */
/** @typedef {import('../extension.js').EditorState} EditorState */
/** @typedef {import('../extension.js').TransactionSpec} TransactionSpec */
/** @typedef {Omit<EditorCommand, 'label' | 'run'> & { edit: (state: EditorState) => TransactionSpec, is?: (state: EditorState) => boolean }} Edit */

/** @type {Edit[]} */
const EDITS = [
  { id: 'paragraph', group: 'block', icon: 'paragraph', keys: 'Mod-Alt-0', edit: state => setHeading(state, 0), is: state => headingLevel(state) === 0 },
  { id: 'heading1', group: 'block', icon: 'heading-1', keys: 'Mod-Alt-1', edit: state => setHeading(state, 1), is: state => headingLevel(state) === 1 },
  { id: 'heading2', group: 'block', icon: 'heading-2', keys: 'Mod-Alt-2', edit: state => setHeading(state, 2), is: state => headingLevel(state) === 2 },
  { id: 'heading3', group: 'block', icon: 'heading-3', keys: 'Mod-Alt-3', edit: state => setHeading(state, 3), is: state => headingLevel(state) === 3 },
  { id: 'heading', group: 'block', inToolbar: false, edit: cycleHeading },
  { id: 'bold', group: 'mark', icon: 'bold', keys: 'Mod-b', edit: state => toggleMark(state, 'strong'), is: state => hasMark(state, 'strong') },
  { id: 'italic', group: 'mark', icon: 'italic', keys: 'Mod-i', edit: state => toggleMark(state, 'emphasis'), is: state => hasMark(state, 'emphasis') },
  { id: 'strike', group: 'mark', icon: 'strike', keys: 'Mod-Shift-x', edit: state => toggleMark(state, 'strike'), is: state => hasMark(state, 'strike') },
  { id: 'code', group: 'mark', icon: 'code', keys: 'Mod-e', edit: state => toggleMark(state, 'code'), is: state => hasMark(state, 'code') },
  { id: 'link', group: 'mark', icon: 'link', keys: 'Mod-k', edit: toggleLink, is: state => nodeAround(state, state.selection.main, 'Link') !== null },
  { id: 'bulletList', group: 'list', icon: 'list-bullet', keys: 'Mod-Shift-8', edit: state => toggleList(state, 'bullet'), is: state => isList(state, 'bullet') },
  { id: 'orderedList', group: 'list', icon: 'list-number', keys: 'Mod-Shift-7', edit: state => toggleList(state, 'ordered'), is: state => isList(state, 'ordered') },
  { id: 'taskList', group: 'list', icon: 'list-task', keys: 'Mod-Shift-9', edit: state => toggleList(state, 'task'), is: state => isList(state, 'task') },
  { id: 'blockquote', group: 'insert', icon: 'quote', edit: toggleQuote, is: isQuote },
  { id: 'codeBlock', group: 'insert', icon: 'code-block', keys: 'Mod-Alt-c', edit: codeBlock },
  { id: 'table', group: 'insert', icon: 'table', edit: state => insertTable(state, [t('text.table.one'), t('text.table.two')]) },
  { id: 'divider', group: 'insert', icon: 'divider', edit: insertDivider },
]

/** @type {Record<string, import('../../../i18n/index.js').Key>} */
const LABELS = {
  heading: 'text.heading',
  paragraph: 'text.paragraph',
  heading1: 'text.heading1',
  heading2: 'text.heading2',
  heading3: 'text.heading3',
  bold: 'text.bold',
  italic: 'text.italic',
  strike: 'text.strike',
  code: 'text.code',
  link: 'text.link',
  bulletList: 'text.bulletList',
  orderedList: 'text.orderedList',
  taskList: 'text.taskList',
  blockquote: 'text.blockquote',
  codeBlock: 'text.codeBlock',
  table: 'text.table',
  divider: 'text.divider',
}

/** @param {import('../editor.js').TextEditor} editor @param {EditorCommand[]} more @returns {EditorCommand[]} */
export function markdownCommands(editor, more) {
  const { view, canEdit } = editor
  const edits = EDITS.map(({ edit, is, ...command }) => ({
    ...command,
    label: t(LABELS[command.id]),
    run: () => apply(view, edit),
    isActive: is && (() => is(view.state)),
    isEnabled: canEdit,
  }))
  /** @type {EditorCommand} */
  const tick = {
    id: 'toggleTask',
    label: t('text.toggleTask'),
    keys: 'Mod-Enter',
    group: 'list',
    inToolbar: false,
    run: () => void dispatchTask(view, view.state.doc.lineAt(view.state.selection.main.head).number),
    isEnabled: () => canEdit() && isList(view.state, 'task'),
  }
  return [...historyCommands(editor), ...edits, tick, ...viewCommands(editor), ...more]
}

/** The shortcuts of the edits. @type {import('../extension.js').KeyBinding[]} */
export const editKeys = [
  ...EDITS.flatMap(({ keys, edit }) => (keys ? [{ key: keys, preventDefault: true, run: (/** @type {import('@codemirror/view').EditorView} */ view) => view.state.readOnly || apply(view, edit) }] : [])),
  { key: 'Mod-Enter', run: view => dispatchTask(view, view.state.doc.lineAt(view.state.selection.main.head).number) },
]

/** @param {import('@codemirror/view').EditorView} view @param {(state: EditorState) => TransactionSpec} edit */
function apply(view, edit) {
  if (view.state.readOnly) return true
  view.dispatch(edit(view.state))
  view.focus()
  return true
}
