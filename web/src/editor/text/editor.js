// The plain text editor: CodeMirror on the document's Y.Text, written for prose with Markdown marks.
// Others' edits never move this person's caret, scroll or composition. Knows nothing of connections.
import {
  Compartment,
  EditorState,
  EditorView,
  defaultKeymap,
  insertNewlineContinueMarkup,
  keymap,
  markdownLanguage,
  placeholder,
  search,
  searchKeymap,
  yCollab,
  yUndoManagerKeymap,
} from '../../../vendor/text.js'
import { Y } from '../../../vendor/core.js'
import { markdownLook } from './markdown_look.js'
import { remoteCarets } from './remote_carets.js'

/** The name of the shared text; what other plain text editors on Yjs use by default varies, ours is fixed. */
export const TEXT = 'text'
/** A composition's last change arrives shortly after its end event; others' edits wait for it, in ms. */
const COMPOSITION_TAIL = 30

/**
 * @typedef {object} TextEditor
 * @property {(canEdit: boolean) => void} setEditable
 * @property {() => void} focus
 * @property {() => void} destroy
 */

/**
 * Puts an editor into `parent`.
 * @param {HTMLElement} parent
 * @param {object} options
 * @param {Y.Doc} options.doc
 * @param {import('../../../vendor/core.js').awareness.Awareness} options.awareness
 * @param {import('../contract.js').ReadPerson} options.readPerson
 * @param {(isComposing: boolean) => void} options.onComposition an input method began or ended
 * @returns {TextEditor}
 */
export function openTextEditor(parent, { doc, awareness, readPerson, onComposition }) {
  const text = doc.getText(TEXT)
  const editable = new Compartment()
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text.toString(),
      extensions: [
        proseBasics(),
        editable.of([]),
        markdownLanguage,
        markdownLook,
        search({ top: true }),
        keymap.of([...yUndoManagerKeymap, { key: 'Enter', run: insertNewlineContinueMarkup }, ...searchKeymap, ...defaultKeymap]),
        yCollab(text, null, { undoManager: new Y.UndoManager(text) }),
        remoteCarets(text, awareness, readPerson),
        holdWhileComposing(onComposition),
      ],
    }),
  })
  return {
    setEditable: canEdit => view.dispatch({ effects: editable.reconfigure(canEdit ? [] : [EditorState.readOnly.of(true), EditorView.editable.of(false)]) }),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  }
}

/** Wrapping, spelling, directions, labels; and line ends as Y.Text counts them, whatever is pasted. */
function proseBasics() {
  return [
    EditorState.lineSeparator.of('\n'),
    EditorView.clipboardInputFilter.of(pasted => pasted.replace(/\r\n?/g, '\n')),
    EditorView.lineWrapping,
    EditorView.perLineTextDirection.of(true),
    EditorView.contentAttributes.of({
      'aria-label': 'Document text',
      'aria-describedby': 'editor-help',
      tabindex: '0',
      spellcheck: 'true',
      autocorrect: 'on',
      autocapitalize: 'sentences',
    }),
    placeholder('Start writing…'),
  ]
}

/** @param {(isComposing: boolean) => void} onComposition */
function holdWhileComposing(onComposition) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let tail
  return EditorView.domEventHandlers({
    compositionstart() {
      clearTimeout(tail)
      onComposition(true)
    },
    compositionend() {
      clearTimeout(tail)
      tail = setTimeout(() => onComposition(false), COMPOSITION_TAIL)
    },
  })
}
