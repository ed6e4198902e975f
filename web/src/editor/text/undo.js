// Undo and redo of this person's edits only, and never while the document is only shown.
import { Y } from '../../../vendor/core.js'

/** @typedef {import('@codemirror/view').EditorView} EditorView */

/** @param {Y.Text} text */
export function ownUndo(text) {
  const manager = new Y.UndoManager(text)
  /** @param {EditorView} view */
  const undo = view => view.state.readOnly || manager.undo() !== undefined
  /** @param {EditorView} view */
  const redo = view => view.state.readOnly || manager.redo() !== undefined
  return {
    manager,
    undo,
    redo,
    canUndo: () => manager.undoStack.length > 0,
    canRedo: () => manager.redoStack.length > 0,
    /** @type {import('./extension.js').KeyBinding[]} */
    keys: [
      { key: 'Mod-z', run: undo, preventDefault: true },
      { key: 'Mod-y', mac: 'Mod-Shift-z', run: redo, preventDefault: true },
      { key: 'Mod-Shift-z', run: redo, preventDefault: true },
    ],
  }
}
