// Asks for a line and goes there. CodeMirror's own dialog computes with the text as it was when the dialog opened,
// which others may have changed since.
import { EditorSelection, EditorView, getDialog, showDialog } from '../../../vendor/text.js'

/** A command. @param {EditorView} view */
export function gotoLine(view) {
  const open = getDialog(view, 'cm-goto-line')
  if (open) {
    open.dom.querySelector('input')?.select()
    return true
  }
  const { state } = view
  const { close, result } = showDialog(view, {
    class: 'cm-goto-line',
    label: state.phrase('Go to line'),
    input: { type: 'text', name: 'line', inputmode: 'numeric', value: String(state.doc.lineAt(state.selection.main.head).number) },
    focus: true,
    top: true,
    submitLabel: state.phrase('go'),
  })
  result.then(form => {
    const field = /** @type {HTMLInputElement | null | undefined} */ (form?.querySelector('input'))
    const place = field ? placeOf(view.state.doc, field.value) : null
    if (place === null) return view.dispatch({ effects: close })
    view.dispatch({ effects: [close, EditorView.scrollIntoView(place, { y: 'center' })], selection: EditorSelection.cursor(place) })
    view.focus()
  })
  return true
}

/** `12` or `12:5`; the nearest place there is; null for what is no line. @param {import('./extension.js').Text} doc @param {string} written */
export function placeOf(doc, written) {
  const match = written.trim().match(/^(\d{1,9})(?::(\d{1,9}))?$/)
  if (!match) return null
  const line = doc.line(Math.min(Math.max(1, Number(match[1])), doc.lines))
  return line.from + Math.min(Math.max(0, Number(match[2] ?? 1) - 1), line.length)
}
