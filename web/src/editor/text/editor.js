// The text editor both kinds stand on: CodeMirror on the document's Y.Text, with others' carets, undo of our own
// edits, search, and everything that keeps others' edits from disturbing us. Knows nothing of connections.
import {
  Compartment,
  EditorState,
  EditorView,
  defaultKeymap,
  drawSelection,
  dropCursor,
  highlightSelectionMatches,
  highlightSpecialChars,
  keymap,
  search,
  searchKeymap,
} from '../../../vendor/text.js'
import { Y } from '../../../vendor/core.js'
import { signal } from '../../../vendor/view.js'
import { ROOTS } from '../../sync/meta.js'
import { holdScroll } from './anchor.js'
import { READ_ONLY, bindText } from './bound.js'
import { locate } from './carets/places.js'
import { remoteCarets } from './carets/remote_carets.js'
import { holdWhileComposing } from './composing.js'
import { gotoLine } from './goto_line.js'
import { escThenTab } from './leave.js'
import { refuseLargeEdits } from './paste_limit.js'
import { ownUndo } from './undo.js'
import { words } from './words.js'

/** @typedef {import('../contract.js').EditorContext} EditorContext */

/**
 * @typedef {object} TextEditor
 * @property {EditorView} view
 * @property {Y.Text} text
 * @property {{ value: number }} changed
 * @property {ReturnType<typeof ownUndo>} undo
 * @property {() => boolean} canEdit
 * @property {(canEdit: boolean) => void} setEditable
 * @property {() => void} focus
 * @property {() => void} destroy
 * @property {(client: number) => boolean} goTo
 * @property {import('../contract.js').OpenEditor['enter']} enter
 * @property {import('../contract.js').OpenEditor['showAuthors']} showAuthors
 */

/**
 * Puts an editor into `parent`.
 * @param {HTMLElement} parent
 * @param {EditorContext} context
 * @param {object} kind
 * @param {import('./extension.js').Extension} kind.extensions what this kind adds; comes first
 * @param {import('../../i18n/index.js').Key} kind.help how to leave, read to those who cannot see
 * @param {boolean} [kind.hasPlaceholder]
 * @returns {TextEditor}
 */
export function openTextEditor(parent, context, { extensions, help, hasPlaceholder = false }) {
  const { doc, awareness, readPerson, onComposition } = context
  const text = doc.getText(ROOTS.text)
  const undo = ownUndo(text)
  const bound = bindText(text, undo.manager, () => context.onProblem('unknown-content'))
  const carets = remoteCarets(text, awareness, readPerson)
  const language = words(parent, { help, hasPlaceholder })
  const editable = new Compartment()
  const { changed, ticks } = changeSignal()
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text.toString(),
      extensions: [
        editable.of([]),
        escThenTab,
        extensions,
        basics(),
        language.extension,
        keymap.of([...undo.keys, { key: 'Mod-Alt-g', run: gotoLine }, ...searchKeymap, ...defaultKeymap]),
        bound.extension,
        refuseLargeEdits(() => context.largestUpdate, context.toast),
        carets.extension,
        holdScroll(),
        holdWhileComposing(onComposition),
        ticks,
      ],
    }),
  })
  bound.start(view)
  const stopSpeaking = language.follow(view)
  return {
    view,
    text,
    changed,
    undo,
    canEdit: () => !view.state.readOnly,
    setEditable: canEdit => view.dispatch({ effects: [editable.reconfigure(canEdit ? [] : READ_ONLY), language.allow(canEdit)] }),
    focus: () => view.focus(),
    showAuthors: async writerOf => (await import('./authors.js')).showAuthors(view, text, writerOf),
    goTo: client => carets.goTo(view, client),
    enter(cursor) {
      const at = locate(text, cursor?.head, view.state.doc.length)
      if (at === null) return false
      view.dispatch({ selection: { anchor: at }, scrollIntoView: true })
      view.focus()
      return true
    },
    destroy() {
      stopSpeaking()
      bound.stop()
      undo.manager.destroy()
      view.destroy()
    },
  }
}

/** Line ends as Y.Text counts them, whatever is pasted; directions; what a selection looks like. */
function basics() {
  return [
    EditorState.lineSeparator.of('\n'),
    EditorState.allowMultipleSelections.of(true),
    EditorView.clipboardInputFilter.of(pasted => pasted.replace(/\r\n?/g, '\n')),
    EditorView.perLineTextDirection.of(true),
    highlightSpecialChars(),
    highlightSelectionMatches({ minSelectionLength: 2 }),
    drawSelection(),
    dropCursor(),
    search({ top: true }),
  ]
}

/** A signal that ticks at most once per frame, so that a flood of edits does not redraw a toolbar for each. */
function changeSignal() {
  const changed = signal(0)
  let isDue = false
  const ticks = EditorView.updateListener.of(({ docChanged, selectionSet, transactions, view }) => {
    if (isDue || !(docChanged || selectionSet || transactions.some(transaction => transaction.reconfigured || transaction.effects.length > 0))) return
    isDue = true
    view.dom.ownerDocument.defaultView?.requestAnimationFrame(() => {
      isDue = false
      changed.value++
    })
  })
  return { changed, ticks }
}
