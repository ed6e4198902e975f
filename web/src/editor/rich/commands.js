// Everything a person can do in a rich document, as the toolbar, the palette and the list of shortcuts show it.
import { t } from '../../i18n/index.js'
import { separateUndo, undoDepths } from './binding.js'
import { blocks, inList } from './blocks.js'
import { hasTableTools, withTableTools } from './tables.js'

/** @typedef {import('../../../vendor/rich.js').Editor} Editor */
/** @typedef {import('../contract.js').EditorCommand} EditorCommand */

/** @param {Editor} editor @param {{ link: () => void, image: () => void }} ask opens the small forms for an address */
export function richCommands(editor, ask) {
  return [...history(editor), ...blockCommands(editor), ...marks(editor, ask), ...lists(editor), ...inserts(editor, ask), ...tables(editor)]
}

/** @param {Editor} editor @param {(chain: any) => any} add */
const can = (editor, add) => editor.isEditable && add(editor.can().chain()).run()

/** Does one thing, which undo takes back on its own. @param {Editor} editor @param {(chain: any) => any} add */
function act(editor, add) {
  separateUndo(editor.state)
  add(editor.chain()).run()
  takeFocus(editor)
}

/**
 * Gives the text the focus, and its caret a place in sight. Tiptap's own way waits for a frame: what is typed before it is
 * lost, and who has gone elsewhere meanwhile is taken away from there.
 * @param {Editor} editor
 */
export function takeFocus(editor) {
  if (editor.view.hasFocus()) return
  editor.view.focus()
  editor.commands.scrollIntoView()
}

/** @param {Editor} editor @returns {EditorCommand[]} */
function history(editor) {
  return [
    { id: 'undo', label: t('rich.undo'), keys: 'Mod-z', icon: 'undo', group: 'history', run: () => act(editor, chain => chain.undo()), isEnabled: () => editor.isEditable && undoDepths(editor.state).undo > 0 },
    { id: 'redo', label: t('rich.redo'), keys: 'Mod-Shift-z', icon: 'redo', group: 'history', run: () => act(editor, chain => chain.redo()), isEnabled: () => editor.isEditable && undoDepths(editor.state).redo > 0 },
  ]
}

/** @param {Editor} editor @returns {EditorCommand[]} */
function blockCommands(editor) {
  return blocks()
    .filter(block => block.group === 'block')
    .map(block => fromBlock(editor, block))
}

/** @param {Editor} editor @param {import('./blocks.js').Block} block @returns {EditorCommand} */
function fromBlock(editor, { id, label, icon, keys, group, make, isActive }) {
  return {
    id,
    label,
    icon,
    keys,
    group,
    run: () => act(editor, make),
    isActive: isActive && (() => isActive(editor)),
    // Asking Tiptap whether it would work costs more than the rest of a keystroke.
    isEnabled: () => editor.isEditable,
  }
}

/** @param {Editor} editor @param {{ link: () => void }} ask @returns {EditorCommand[]} */
function marks(editor, ask) {
  /** @type {[string, string, string, string][]} */
  const simple = [
    ['bold', t('rich.bold'), 'Mod-b', 'bold'],
    ['italic', t('rich.italic'), 'Mod-i', 'italic'],
    ['underline', t('rich.underline'), 'Mod-u', 'underline'],
    ['strike', t('rich.strike'), 'Mod-Shift-s', 'strike'],
    ['code', t('rich.code'), 'Mod-e', 'code'],
    ['highlight', t('rich.highlight'), 'Mod-Shift-h', 'highlight'],
  ]
  // A selection of everything begins in no text at all; what counts is any text in it.
  const isAllowed = (/** @type {string} */ name) => {
    const { doc, selection } = editor.state
    let isFound = selection.$from.parent.type.allowsMarkType(editor.schema.marks[name])
    if (!isFound) doc.nodesBetween(selection.from, selection.to, node => !(isFound ||= node.isTextblock && node.type.allowsMarkType(editor.schema.marks[name])))
    return editor.isEditable && isFound
  }
  return [
    ...simple.map(([name, label, keys, icon]) => ({
      id: name,
      label,
      keys,
      icon,
      group: 'mark',
      run: () => act(editor, chain => chain.toggleMark(name)),
      isActive: () => editor.isActive(name),
      isEnabled: () => isAllowed(name),
    })),
    { id: 'link', label: t('rich.link'), keys: 'Mod-k', icon: 'link', group: 'mark', run: ask.link, isActive: () => editor.isActive('link'), isEnabled: () => isAllowed('link') },
    { id: 'clear', label: t('rich.clear'), keys: 'Mod-\\', icon: 'clear', group: 'mark', inToolbar: false, run: () => act(editor, chain => chain.unsetAllMarks().clearNodes()), isEnabled: () => editor.isEditable },
  ]
}

/** @param {Editor} editor @returns {EditorCommand[]} */
function lists(editor) {
  const item = () => (editor.isActive('taskItem') ? 'taskItem' : 'listItem')
  return [
    ...blocks()
      .filter(block => block.group === 'list')
      .map(block => fromBlock(editor, block)),
    { id: 'indent', label: t('rich.indent'), keys: 'Tab', icon: 'indent', group: 'list', inToolbar: inList(editor), run: () => act(editor, chain => chain.sinkListItem(item())), isEnabled: () => inList(editor) && can(editor, chain => chain.sinkListItem(item())) },
    { id: 'outdent', label: t('rich.outdent'), keys: 'Shift-Tab', icon: 'outdent', group: 'list', inToolbar: inList(editor), run: () => act(editor, chain => chain.liftListItem(item())), isEnabled: () => inList(editor) && can(editor, chain => chain.liftListItem(item())) },
  ]
}

/** @param {Editor} editor @param {{ image: () => void }} ask @returns {EditorCommand[]} */
function inserts(editor, ask) {
  return [
    ...blocks()
      .filter(block => block.group === 'insert')
      .map(block => fromBlock(editor, block)),
    { id: 'image', label: t('rich.image'), icon: 'image', group: 'insert', run: ask.image, isEnabled: () => editor.isEditable && !editor.isActive('codeBlock') },
  ]
}

/** Shown while the caret is in a table. @param {Editor} editor @returns {EditorCommand[]} */
function tables(editor) {
  if (!editor.isActive('table')) return []
  /** @type {[string, string, string, (chain: any) => any][]} */
  const acts = [
    ['row-above', t('rich.table.rowAbove'), 'row-above', chain => chain.addRowBefore()],
    ['row-below', t('rich.table.rowBelow'), 'row-below', chain => chain.addRowAfter()],
    ['column-before', t('rich.table.columnBefore'), 'column-before', chain => chain.addColumnBefore()],
    ['column-after', t('rich.table.columnAfter'), 'column-after', chain => chain.addColumnAfter()],
    ['row-remove', t('rich.table.removeRow'), 'row-remove', chain => chain.deleteRow()],
    ['column-remove', t('rich.table.removeColumn'), 'column-remove', chain => chain.deleteColumn()],
    ['header-row', t('rich.table.headerRow'), 'header-row', chain => chain.toggleHeaderRow()],
    ['table-remove', t('rich.table.remove'), 'bin', chain => chain.deleteTable()],
  ]
  return acts.map(([id, label, icon, add]) => ({ id, label, icon, group: 'table', run: () => withTableTools(editor, () => act(editor, add)), isEnabled: () => (hasTableTools(editor) ? can(editor, add) : editor.isEditable) }))
}
