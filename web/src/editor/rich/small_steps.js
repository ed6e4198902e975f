// The binding answers every remote edit with a replacement of the whole document. This replaces only what
// changed, so that decorations, menus and scroll stay; and keeps the caret in a block that merely changed
// its kind (paragraph to heading), whose text Yjs deletes and inserts again.
import { Extension, TextSelection, ySyncPluginKey } from '../../../vendor/rich.js'

/** @typedef {import('../../../vendor/rich.js').Editor['state']} EditorState */
/** @typedef {EditorState['tr']} Transaction */
/** @typedef {EditorState['doc']} Doc */

export const SmallSteps = Extension.create({
  name: 'smallSteps',
  dispatchTransaction({ transaction, next }) {
    const meta = transaction.getMeta(ySyncPluginKey)
    if (!transaction.docChanged || !meta?.isChangeOrigin) return next(transaction)
    next(smaller(this.editor.state, transaction).setMeta(ySyncPluginKey, meta).setMeta('addToHistory', false))
  },
})

/** The same change in one step as small as it can be. @param {EditorState} state @param {Transaction} whole */
export function smaller(state, whole) {
  const out = state.tr
  const start = state.doc.content.findDiffStart(whole.doc.content)
  const isUndo = whole.getMeta(ySyncPluginKey)?.isUndoRedoOperation
  let end = -1
  if (start !== null) {
    const ends = state.doc.content.findDiffEnd(whole.doc.content) ?? { a: start, b: start }
    const overlap = Math.max(0, start - Math.min(ends.a, ends.b))
    end = ends.a + overlap
    out.replace(start, end, whole.doc.slice(start, ends.b + overlap))
  }
  if (isUndo) return followUndo(out, whole)
  const { selection } = state
  const isTouched = start !== null && selection.to >= start && selection.from <= end
  if (isTouched && selection instanceof TextSelection) keepCaret(state.doc, selection, out, whole, start, end)
  return out
}

/** Undoing is the person's own act: the caret goes where it happened. @param {Transaction} out @param {Transaction} whole */
function followUndo(out, whole) {
  if (whole.selection instanceof TextSelection) select(out, whole.selection.anchor, whole.selection.head)
  return out.scrollIntoView()
}

/**
 * Ends of a selection outside the change are mapped by the step; those inside it are where Yjs found them,
 * or in the block that has the same text.
 * @param {Doc} before @param {TextSelection} selection @param {Transaction} out @param {Transaction} whole
 * @param {number} start @param {number} end
 */
function keepCaret(before, selection, out, whole, start, end) {
  const [anchor, head] = /** @type {const} */ (['anchor', 'head']).map(side => {
    const at = selection[side]
    if (at < start || at > end) return out.mapping.map(at, -1)
    return placeInSameText(before, out.doc, at) ?? whole.selection[side]
  })
  select(out, anchor, head)
}

/** @param {Transaction} out @param {number} anchor @param {number} head */
function select(out, anchor, head) {
  const inside = (/** @type {number} */ at) => out.doc.resolve(Math.min(Math.max(at, 0), out.doc.content.size))
  out.setSelection(TextSelection.between(inside(anchor), inside(head)))
}

/** The same offset in the block of `now` with the same text (the nth such block, when several are alike). @param {Doc} before @param {Doc} now @param {number} at */
function placeInSameText(before, now, at) {
  const $at = before.resolve(at)
  if (!$at.parent.isTextblock) return null
  const text = $at.parent.textContent
  const nth = startsOf(before, text).indexOf(at - $at.parentOffset)
  const start = startsOf(now, text)[nth]
  return start === undefined ? null : start + $at.parentOffset
}

/** Where blocks with this text begin. @param {Doc} doc @param {string} text */
function startsOf(doc, text) {
  /** @type {number[]} */
  const starts = []
  doc.descendants((node, at) => {
    if (node.isTextblock && node.textContent === text) starts.push(at + 1)
    return !node.isTextblock
  })
  return starts
}
