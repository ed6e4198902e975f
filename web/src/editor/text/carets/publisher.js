// Publishes our own caret as presence field `cursor: { anchor, head }` with Yjs relative positions, as stock
// y-codemirror editors do; at most every 60 ms, as computing one walks the text.
import { Y } from '../../../../vendor/core.js'

const INTERVAL = 60

/** @param {Y.Text} text @param {import('../../../../vendor/core.js').awareness.Awareness} awareness */
export function caretPublisher(text, awareness) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  let last = -Infinity
  /** Our caret stays published when the window loses focus: others still want to know where we were. @param {import('@codemirror/view').EditorView} view */
  const publish = view => {
    timer = undefined
    const state = awareness.getLocalState()
    if (state === null || !view.hasFocus) return
    last = performance.now()
    const { anchor, head } = view.state.selection.main
    const cursor = { anchor: Y.createRelativePositionFromTypeIndex(text, anchor), head: Y.createRelativePositionFromTypeIndex(text, head) }
    if (!isSame(state.cursor, cursor)) awareness.setLocalStateField('cursor', cursor)
  }
  return {
    /** The caret moved. @param {import('@codemirror/view').EditorView} view */
    moved(view) {
      // Never at once: an edit reaches the shared text only after the editor's update.
      timer ??= setTimeout(() => publish(view), Math.max(0, last + INTERVAL - performance.now()))
    },
    stop: () => clearTimeout(timer),
  }
}

/** @param {any} known @param {{ anchor: Y.RelativePosition, head: Y.RelativePosition }} cursor */
function isSame(known, cursor) {
  return Boolean(known?.anchor && known.head) && Y.compareRelativePositions(known.anchor, cursor.anchor) && Y.compareRelativePositions(known.head, cursor.head)
}
