// Keeps what we look at where it is when others edit. CodeMirror holds the first visible line already; only when it
// is scrolled to the end it follows the end, and that is where the text of others usually grows.
import { EditorState, StateEffect, ViewPlugin, ySyncAnnotation } from '../../../vendor/text.js'

/** Scrolled this close to the end counts as the end, in px; CodeMirror's own limit is 4. */
const CLOSE = 8

/** An editor extension. */
export function holdScroll() {
  /** @type {import('@codemirror/view').EditorView | null} */
  let view = null
  /** Whether a place waits to be put back at the next measuring, and moves along with edits until then. */
  let isWaiting = false
  const request = { key: holdScroll, read: () => void (isWaiting = false) }

  const isAtEnd = () => {
    if (!view) return false
    const { scrollTop, scrollHeight, clientHeight } = view.scrollDOM
    return scrollTop > 0 && scrollHeight - clientHeight - scrollTop < CLOSE
  }
  return [
    ViewPlugin.define(created => {
      view = created
      return { destroy: () => (view = null) }
    }),
    EditorState.transactionExtender.of(transaction => {
      if (!view || isWaiting || !transaction.docChanged || !transaction.annotation(ySyncAnnotation) || !isAtEnd()) return null
      isWaiting = true
      view.requestMeasure(request)
      return { effects: StateEffect.mapEffects([view.scrollSnapshot()], transaction.changes) }
    }),
  ]
}
