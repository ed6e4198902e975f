// Editing the marks inside a line of Markdown: bold, italic, struck, code, links. From a state to a change; draws
// and dispatches nothing.
import { EditorSelection, syntaxTree } from '../../../../vendor/text.js'

/** @typedef {import('../extension.js').EditorState} EditorState */
/** @typedef {import('../extension.js').SelectionRange} SelectionRange */
/** @typedef {import('../extension.js').TransactionSpec} TransactionSpec */
/** @typedef {import('../extension.js').SyntaxNode} SyntaxNode */
/** @typedef {'strong' | 'emphasis' | 'strike' | 'code'} Mark */

/** What is written around, and how the grammar calls the node and its marks. @type {Record<Mark, { sign: string, node: string, part: string }>} */
const MARKS = {
  strong: { sign: '**', node: 'StrongEmphasis', part: 'EmphasisMark' },
  emphasis: { sign: '*', node: 'Emphasis', part: 'EmphasisMark' },
  strike: { sign: '~~', node: 'Strikethrough', part: 'StrikethroughMark' },
  code: { sign: '`', node: 'InlineCode', part: 'CodeMark' },
}

/** The innermost node of a name that holds a range. @param {EditorState} state @param {SelectionRange} range @param {string} name @returns {SyntaxNode | null} */
export function nodeAround(state, range, name) {
  const tree = syntaxTree(state)
  for (const side of /** @type {const} */ ([1, -1])) {
    for (let node = /** @type {SyntaxNode | null} */ (tree.resolveInner(range.from, side)); node; node = node.parent) {
      if (node.name === name && node.from <= range.from && node.to >= range.to) return node
    }
  }
  return null
}

/** @param {EditorState} state @param {Mark} mark */
export function hasMark(state, mark) {
  return nodeAround(state, state.selection.main, MARKS[mark].node) !== null
}

/** Writes a mark around each selection or the word at the caret, or takes it away. @param {EditorState} state @param {Mark} mark @returns {TransactionSpec} */
export function toggleMark(state, mark) {
  const { sign, node: name, part } = MARKS[mark]
  return state.update(
    state.changeByRange(range => {
      const node = nodeAround(state, range, name)
      if (node) return unmarked(state, range, node.getChildren(part))
      if (range.empty && isBetween(state, range.from, sign)) return { changes: { from: range.from - sign.length, to: range.from + sign.length }, range: EditorSelection.cursor(range.from - sign.length) }
      const inner = tight(state, range.empty ? (state.wordAt(range.head) ?? range) : range)
      const moved = (/** @type {number} */ pos) => pos + (pos < inner.from ? 0 : pos > inner.to ? 2 * sign.length : sign.length)
      return {
        changes: [{ from: inner.from, insert: sign }, { from: inner.to, insert: sign }],
        range: range.empty ? EditorSelection.cursor(moved(range.head)) : EditorSelection.range(moved(inner.from), moved(inner.to)),
      }
    }),
    { userEvent: 'input.format', scrollIntoView: true },
  )
}

/** @param {EditorState} state @param {SelectionRange} range @param {SyntaxNode[]} parts */
function unmarked(state, range, parts) {
  const changes = state.changes(parts.map(({ from, to }) => ({ from, to })))
  return { changes, range: range.map(changes) }
}

/** Whether the caret stands in a mark around nothing. @param {EditorState} state @param {number} pos @param {string} sign */
function isBetween(state, pos, sign) {
  const around = state.sliceDoc(pos - sign.length - 1, pos + sign.length + 1)
  return state.sliceDoc(pos - sign.length, pos + sign.length) === sign + sign && ![...around].every(char => char === sign[0] && around.length > 2 * sign.length)
}

/** Without blanks at its ends, which a mark cannot stand beside. @param {EditorState} state @param {SelectionRange} range */
function tight(state, range) {
  const text = state.sliceDoc(range.from, range.to)
  if (text.trim() === '') return range
  return EditorSelection.range(range.from + text.length - text.trimStart().length, range.to - (text.length - text.trimEnd().length))
}

/** Makes the selection a link and selects where it leads, or takes a link away. @param {EditorState} state @returns {TransactionSpec} */
export function toggleLink(state) {
  const range = state.selection.main
  const link = nodeAround(state, range, 'Link')
  if (link) {
    const [open, close] = link.getChildren('LinkMark')
    const changes = state.changes([{ from: open.from, to: open.to }, { from: close.from, to: link.to }])
    return { changes, selection: range.map(changes), userEvent: 'input.format' }
  }
  const text = state.sliceDoc(range.from, range.to)
  const address = 'https://'
  const start = range.from + text.length + 3
  return {
    changes: { from: range.from, to: range.to, insert: `[${text}](${address})` },
    selection: text ? EditorSelection.range(start, start + address.length) : EditorSelection.cursor(range.from + 1),
    userEvent: 'input.format',
    scrollIntoView: true,
  }
}
