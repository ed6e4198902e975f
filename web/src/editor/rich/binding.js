// Ties the editor to its Yjs fragment: y-tiptap's plugins for content and undo, with two of its habits
// repaired. It renders again after an error instead of staying stale, or gives up; and a block that lacks a
// required part is shown with that part instead of being deleted.
import { Extension, initProseMirrorDoc, ySyncPlugin, ySyncPluginKey, yUndoPlugin, yUndoPluginKey } from '../../../vendor/rich.js'

/** @typedef {import('../../../vendor/rich.js').Editor['schema']} Schema */
/** @typedef {import('../../../vendor/rich.js').Editor['state']} EditorState */

/** @param {import('../../../vendor/core.js').Y.XmlFragment} fragment @param {() => void} onStale the view cannot follow the document any more */
export function bindTo(fragment, onStale) {
  /** Which node stands for which Yjs type; the binding empties it at every remote edit. @type {Map<any, any>} */
  const mapping = new Map()
  return Extension.create({
    name: 'collaboration',
    priority: 1000,

    onBeforeCreate() {
      const { editor } = this
      makeLenient(editor.schema)
      const shown = initProseMirrorDoc(fragment, editor.schema)
      for (const [type, node] of shown.mapping) mapping.set(type, node)
      if (shown.doc.childCount > 0) editor.options.content = /** @type {any} */ (shown.doc)
    },

    addCommands() {
      return /** @type {any} */ ({ undo: () => step('undo'), redo: () => step('redo') })
    },

    addKeyboardShortcuts() {
      // Commands hold the state they were asked for in.
      const commands = () => /** @type {any} */ (this.editor.commands)
      return { 'Mod-z': () => commands().undo(), 'Mod-y': () => commands().redo(), 'Shift-Mod-z': () => commands().redo() }
    },

    addProseMirrorPlugins() {
      const sync = ySyncPlugin(fragment, { mapping })
      contain(sync.spec.state.init({}, null).binding, mapping, onStale)
      return [sync, yUndoPlugin()]
    },
  })
}

/** Own edits that can be taken back, and done again. @param {EditorState} state */
export function undoDepths(state) {
  const manager = managerOf(state)
  return { undo: manager?.undoStack.length ?? 0, redo: manager?.redoStack.length ?? 0 }
}

/** The next change is a step of its own for undo. @param {EditorState} state */
export function separateUndo(state) {
  managerOf(state)?.stopCapturing()
}

/** Where Yjs types are in the editor's document. @param {EditorState} state @returns {any} */
export function bindingOf(state) {
  return ySyncPluginKey.getState(state)?.binding
}

/** @param {EditorState} state @returns {import('../../../vendor/core.js').Y.UndoManager | undefined} */
function managerOf(state) {
  return yUndoPluginKey.getState(state)?.undoManager
}

/** A command of Tiptap's kind; the change arrives through Yjs. @param {'undo' | 'redo'} direction */
function step(direction) {
  return (/** @type {any} */ { state, tr, dispatch }) => {
    const manager = managerOf(state)
    tr.setMeta('preventDispatch', true)
    if (!manager || manager[`${direction}Stack`].length === 0) return false
    if (dispatch) manager[direction]()
    return true
  }
}

/**
 * The binding can throw while it looks for the caret after somebody's edit. The edit is in the document by
 * then: only the view has to be drawn again, and nobody beyond needs to know. Where that fails too, the next key
 * in the view would undo for everybody what it does not show.
 * @param {any} binding @param {Pick<Map<any, any>, 'clear'>} mapping @param {() => void} onStale
 */
export function contain(binding, mapping, onStale) {
  const apply = binding._typeChanged.bind(binding)
  binding._observeFunction = (/** @type {unknown} */ events, /** @type {unknown} */ transaction) => {
    try {
      apply(events, transaction)
    } catch {
      mapping.clear()
      try {
        binding._forceRerender()
      } catch (error) {
        console.error('the document cannot be drawn', error)
        onStale()
      }
    }
  }
  // Its answer would only decide about scrolling, which remote edits never do; asking costs a layout.
  binding._isLocalCursorInView = () => false
}

/**
 * What concurrent edits leave behind may lack a part: a list item without its paragraph. The binding would
 * delete it with all its text; this adds the part in the view, and the next edit there writes it.
 * @param {Schema} schema
 */
function makeLenient(schema) {
  const strict = schema.node.bind(schema)
  schema.node = (type, attributes, content, marks) => {
    try {
      return strict(type, attributes, content, marks)
    } catch (error) {
      const nodeType = typeof type === 'string' ? schema.nodes[type] : type
      const children = (Array.isArray(content) ? content : []).map(child => child.mark(nodeType?.allowedMarks(child.marks) ?? child.marks))
      const filled = nodeType?.createAndFill(attributes, children)
      if (!filled) throw error
      return filled
    }
  }
}
