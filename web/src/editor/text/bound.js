// Ties the view to the shared text. Both must be the same, or the next key would land in the wrong place or nowhere:
// so they are compared after every change and every error, and the view is drawn anew if need be. A text that holds
// what has no letters, put there by another app, is only shown. Knows nothing of connections.
import { Compartment, EditorState, EditorView, yCollab } from '../../../vendor/text.js'
import { Y } from '../../../vendor/core.js'

/** What makes a view read-only. */
export const READ_ONLY = [
  EditorState.readOnly.of(true),
  EditorView.editable.of(false),
]

/** @param {Y.Text} text @param {Y.UndoManager} undoManager @param {() => void} onForeign the text can only be shown */
export function bindText(text, undoManager, onForeign) {
  const tie = new Compartment()
  const bound = () => yCollab(text, null, { undoManager })
  /** @type {EditorView | undefined} */
  let view
  let isForeign = text.length !== text.toString().length
  let isDue = false
  const redraw = () => {
    const shown = view?.state.doc
    const insert = text.toString()
    if (view && shown?.toString() !== insert) view.dispatch({ changes: { from: 0, to: shown?.length, insert }, filter: false })
  }
  /** The editor drops a plugin that threw, without a word: then keys would reach nobody. */
  const tieAgain = () => {
    if (!view || isForeign) return
    view.dispatch({ effects: tie.reconfigure([]) })
    redraw()
    view.dispatch({ effects: tie.reconfigure(bound()) })
  }
  const check = () => {
    isDue = false
    if (!view) return
    if (isForeign) redraw()
    else if (view.state.doc.length !== text.length) tieAgain()
  }
  // Never within an update of the view, in which it cannot be changed.
  const soon = (/** @type {() => void} */ run) => queueMicrotask(run)
  const onChange = () => {
    if (!isDue) soon(check)
    isDue = true
  }
  const onTransaction = (/** @type {Y.Transaction} */ transaction) => {
    if (isForeign || !transaction.changed.has(/** @type {any} */ (text)) || !broughtForeign(transaction, text)) return
    isForeign = true
    view?.dispatch({ effects: tie.reconfigure(READ_ONLY) })
    onForeign()
  }
  return {
    extension: [
      tie.of(isForeign ? READ_ONLY : bound()),
      EditorView.exceptionSink.of(error => {
        console.error('the text editor failed', error)
        soon(tieAgain)
      }),
    ],
    /** @param {EditorView} made */
    start(made) {
      view = made
      // Before the tie's own observer, which takes everything for letters.
      text.doc?.on('beforeObserverCalls', onTransaction)
      text.observe(onChange)
      if (isForeign) onForeign()
    },
    stop() {
      view = undefined
      text.doc?.off('beforeObserverCalls', onTransaction)
      text.unobserve(onChange)
    },
  }
}

/** Whether a transaction put something into a text that is neither letters nor their look. @param {Y.Transaction} transaction @param {Y.Text} text */
export function broughtForeign({ doc, beforeState, afterState }, text) {
  for (const [client, end] of afterState) {
    const start = beforeState.get(client) ?? 0
    const structs = end > start ? (doc.store.clients.get(client) ?? []) : []
    for (let at = structs.length - 1; at >= 0 && structs[at].id.clock + structs[at].length > start; at--) {
      const item = structs[at]
      if (!(item instanceof Y.Item) || item.deleted || /** @type {unknown} */ (item.parent) !== text || item.parentSub !== null) continue
      if (!(item.content instanceof Y.ContentString || item.content instanceof Y.ContentFormat)) return true
    }
  }
  return false
}
