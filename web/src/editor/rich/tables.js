// Working in tables. The tools for it are large and come when there is a table: until then, what people do in one
// waits for them, but inserting a table, going from cell to cell and leaving by an arrow do not.
import { Extension, GapCursor, Plugin, PluginKey, Selection, TextSelection } from '../../../vendor/rich.js'
import { TableFrame } from './table_nodes.js'

/** @typedef {import('../../../vendor/rich.js').Editor} Editor */
/** @typedef {{ rows: number, cols: number, withHeaderRow: boolean }} Size */
/** @typedef {{ plugins: Plugin[], keys: Record<string, (props: { editor: Editor }) => boolean> }} Tools */

/** Where the tools keep the cell at which a selection began. @type {PluginKey<number | null>} */
const key = new PluginKey('tables')
/** @type {WeakMap<Editor, Tools>} */
const loaded = new WeakMap()
/** @type {WeakMap<Editor, Promise<unknown>>} */
const loading = new WeakMap()

/** Whether the editor has Tiptap's commands for tables by now. @param {Editor} editor */
export const hasTableTools = editor => loaded.has(editor)

/** Does something that needs Tiptap's commands for tables, at once if they are there. @param {Editor} editor @param {() => void} act */
export function withTableTools(editor, act) {
  if (loaded.has(editor)) act()
  else void load(editor).then(() => !editor.isDestroyed && act())
}

/** @param {Editor} editor */
function load(editor) {
  const known = loading.get(editor)
  if (known) return known
  const coming = import('../../../vendor/tables.js').then(({ Table, tableEditingKey }) => {
    if (editor.isDestroyed) return
    // The tools' state is kept by the plugin that stands in for them.
    Object.assign(tableEditingKey, { key: /** @type {any} */ (key).key })
    const { addCommands, addKeyboardShortcuts, addProseMirrorPlugins } = /** @type {any} */ (Table.config)
    const context = { name: 'table', editor, options: { resizable: false, allowTableNodeSelection: false } }
    Object.assign(/** @type {any} */ (editor).commandManager.rawCommands, addCommands.call(context))
    loaded.set(editor, { plugins: addProseMirrorPlugins.call(context), keys: addKeyboardShortcuts.call(context) })
  })
  loading.set(editor, coming)
  coming.catch(() => loading.delete(editor))
  return coming
}

export const Tables = Extension.create({
  name: 'tables',

  addCommands() {
    return /** @type {any} */ ({ insertTable: (/** @type {Size} */ size) => insert(size) })
  },

  addKeyboardShortcuts() {
    const { editor } = this
    const press = (/** @type {string} */ name) => loaded.get(editor)?.keys[name]({ editor }) ?? false
    /** @type {(direction: 1 | -1, name: string) => () => boolean} */
    const tab = (direction, name) => () => {
      if (!editor.isActive('table') || loaded.has(editor)) return press(name)
      if (!goToCell(editor, direction)) withTableTools(editor, () => press(name))
      return true
    }
    /** @type {(direction: 'down' | 'up') => () => boolean} */
    const arrow = direction => () => goToRow(editor, direction)
    const removals = ['Backspace', 'Mod-Backspace', 'Delete', 'Mod-Delete'].map(name => [name, () => press(name)])
    return { Tab: tab(1, 'Tab'), 'Shift-Tab': tab(-1, 'Shift-Tab'), ArrowDown: arrow('down'), ArrowUp: arrow('up'), ...Object.fromEntries(removals) }
  },

  addProseMirrorPlugins() {
    return [standIn(this.editor)]
  },
})

/**
 * Takes the place that Tiptap's plugins for tables would have among all plugins, and hands on to them: adding a
 * plugin to a running editor would start the others anew, and with that forget what can be undone.
 * @param {Editor} editor
 */
function standIn(editor) {
  const plugins = () => loaded.get(editor)?.plugins ?? []
  /** @type {(prop: string, ...given: any[]) => any} */
  const first = (prop, ...given) => {
    for (const { props } of plugins()) {
      const answer = /** @type {any} */ (props)[prop]?.(...given)
      if (answer) return answer
    }
  }
  return new Plugin({
    key,
    state: {
      init: () => null,
      apply: (tr, value, before, after) => plugins()[0]?.spec.state?.apply(tr, value, before, after) ?? null,
    },
    appendTransaction: (...given) => plugins()[0]?.spec.appendTransaction?.(...given),
    props: {
      decorations: state => first('decorations', state),
      createSelectionBetween: (...given) => first('createSelectionBetween', ...given),
      handleTripleClick: (...given) => first('handleTripleClick', ...given),
      handleKeyDown: (...given) => first('handleKeyDown', ...given),
      handlePaste: (...given) => first('handlePaste', ...given),
      handleDOMEvents: { mousedown: (...given) => plugins().some(({ props }) => /** @type {any} */ (props.handleDOMEvents)?.mousedown?.(...given)) },
      nodeViews: {
        table(node) {
          load(editor).catch(() => undefined)
          return new TableFrame(node)
        },
      },
    },
  })
}

/** Puts in an empty table, with the caret in its first cell. @param {Size} size */
function insert({ rows, cols, withHeaderRow }) {
  return (/** @type {any} */ { tr, dispatch, editor: { schema: { nodes } } }) => {
    if (!dispatch) return true
    const cells = (/** @type {string} */ name) => Array.from({ length: cols }, () => nodes[name].createAndFill())
    const table = nodes.table.createChecked(null, Array.from({ length: rows }, (_, row) => nodes.tableRow.createChecked(null, cells(withHeaderRow && row === 0 ? 'tableHeader' : 'tableCell'))))
    const at = tr.selection.from + 1
    tr.replaceSelectionWith(table).scrollIntoView()
    tr.setSelection(TextSelection.near(tr.doc.resolve(at)))
    return true
  }
}

/** Chooses all of the next cell or the one before; false if there is none. @param {Editor} editor @param {1 | -1} direction */
function goToCell({ state: { doc, selection: { $head }, tr }, view }, direction) {
  /** @type {number[]} */
  const cells = []
  let depth = $head.depth
  while (depth > 0 && $head.node(depth).type.name !== 'table') depth -= 1
  const start = $head.start(depth)
  $head.node(depth).forEach((row, rowAt) => row.forEach((_cell, at) => void cells.push(start + rowAt + 1 + at)))
  const next = cells[cells.indexOf($head.before(depth + 2)) + direction]
  if (next === undefined) return false
  const $next = doc.resolve(next)
  view.dispatch(tr.setSelection(TextSelection.between(doc.resolve(next + 1), doc.resolve(next + ($next.nodeAfter?.nodeSize ?? 2) - 1))).scrollIntoView())
  return true
}

/**
 * Goes to the cell below or above; from the last row, or the first, out of the table: to a line where there is one,
 * else between the blocks, where typing makes one. False if the caret has a line to go to in its cell.
 * @param {Editor} editor @param {'down' | 'up'} direction
 */
function goToRow(editor, direction) {
  const { state: { doc, selection: { empty, $head }, tr }, view } = editor
  let depth = $head.depth
  while (depth > 0 && $head.node(depth).type.name !== 'table') depth -= 1
  if (depth === 0 || !empty || !view.endOfTextblock(direction)) return false
  const isDown = direction === 'down'
  const isLast = (/** @type {number} */ at) => $head.index(at) === (isDown ? $head.node(at).childCount - 1 : 0)
  for (let at = depth + 2; at < $head.depth; at += 1) if (!isLast(at)) return false
  const go = (/** @type {Selection} */ selection) => (view.dispatch(tr.setSelection(selection).scrollIntoView()), true)
  if (isLast(depth)) {
    const $edge = doc.resolve(isDown ? $head.after(depth) : $head.before(depth))
    const beside = (isDown ? $edge.nodeAfter : $edge.nodeBefore) && Selection.findFrom($edge, isDown ? 1 : -1)
    return go(beside || new GapCursor($edge))
  }
  // The tools know of cells that span several.
  if (loaded.has(editor)) return false
  const rowAt = $head.index(depth) + (isDown ? 1 : -1)
  const cellAt = Math.min($head.index(depth + 1), $head.node(depth).child(rowAt).childCount - 1)
  const row = $head.posAtIndex(rowAt, depth)
  return go(Selection.near(doc.resolve(doc.resolve(row + 1).posAtIndex(cellAt) + 1)))
}
