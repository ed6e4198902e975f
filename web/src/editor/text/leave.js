// The way out for people without a mouse: Escape, then Tab, leaves the text, with no time limit between them.
// Any other key, a click or leaving forgets the Escape.
import { EditorView, Prec } from '../../../vendor/text.js'

const MODIFIERS = ['Shift', 'Control', 'Alt', 'Meta', 'AltGraph', 'CapsLock']

/** Views in which Escape came last. @type {WeakSet<EditorView>} */
const leaving = new WeakSet()

/** An editor extension. */
export const escThenTab = Prec.highest(
  EditorView.domEventHandlers({
    keydown(event, view) {
      if (event.key === 'Escape') {
        leaving.add(view)
        view.setTabFocusMode(true)
      } else if (event.key !== 'Tab' && !MODIFIERS.includes(event.key)) {
        forget(view)
      }
      return false
    },
    mousedown: (_event, view) => forget(view),
    blur: (_event, view) => forget(view),
  }),
)

/** @param {EditorView} view */
function forget(view) {
  if (leaving.delete(view)) view.setTabFocusMode(false)
  return false
}
