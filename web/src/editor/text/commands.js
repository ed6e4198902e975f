// What people can do in both kinds of text.
import { openSearchPanel } from '../../../vendor/text.js'
import { t } from '../../i18n/index.js'
import { gotoLine } from './goto_line.js'

/** @param {import('./editor.js').TextEditor} editor @returns {import('../contract.js').EditorCommand[]} */
export function historyCommands({ view, undo, canEdit }) {
  return [
    { id: 'undo', label: t('text.undo'), icon: 'undo', keys: 'Mod-z', group: 'history', run: () => void undo.undo(view), isEnabled: () => canEdit() && undo.canUndo() },
    { id: 'redo', label: t('text.redo'), icon: 'redo', keys: 'Mod-Shift-z', group: 'history', run: () => void undo.redo(view), isEnabled: () => canEdit() && undo.canRedo() },
  ]
}

/** @param {import('./editor.js').TextEditor} editor @returns {import('../contract.js').EditorCommand[]} */
export function viewCommands({ view }) {
  return [
    { id: 'find', label: t('text.find'), icon: 'search', keys: 'Mod-f', group: 'view', run: () => void openSearchPanel(view) },
    { id: 'gotoLine', label: t('text.goto.line'), keys: 'Mod-Alt-g', group: 'view', inToolbar: false, run: () => void gotoLine(view) },
  ]
}
