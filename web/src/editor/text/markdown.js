// Markdown: the text editor with its marks shown, commands that write them, and a preview beside it.
// Knows nothing of connections.
import { EditorView, Prec, forceParsing, keymap, markdownLanguage, pasteURLAsLink } from '../../../vendor/text.js'
import { t } from '../../i18n/index.js'
import '../../i18n/text.js'
import '../../ui/icons/source.js'
import '../../ui/icons/writing.js'
import { WordCount } from './count.js'
import { openTextEditor } from './editor.js'
import { openFrame } from './preview/frame.js'
import { editKeys, markdownCommands } from './markdown/commands.js'
import { markdownKeys } from './markdown/keys.js'
import { markdownLook } from './markdown/look.js'
import { headingsOf } from './markdown/outline.js'
import { pasteAsMarkdown } from './markdown/paste.js'
import { taskBoxes } from './markdown/tasks.js'
import { atMostOften } from './often.js'

/** What is on a first screen is understood before it is painted, as headings and code have heights of their own: characters, and ms. */
const FIRST_LOOK = 10_000
const FIRST_LOOK_TAKES = 500

/** @param {HTMLElement} parent @param {import('../contract.js').EditorContext} context @returns {import('../contract.js').OpenEditor} */
export function open(parent, context) {
  const frame = openFrame(parent)
  const words = new WordCount()
  const editor = openTextEditor(frame.source, context, {
    help: 'text.help.markdown',
    hasPlaceholder: true,
    extensions: [
      Prec.high(keymap.of([...editKeys, ...markdownKeys])),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ spellcheck: 'true', autocorrect: 'on', autocapitalize: 'sentences' }),
      markdownLanguage,
      markdownLook,
      taskBoxes,
      pasteURLAsLink,
      pasteAsMarkdown,
      frame.extension,
      EditorView.updateListener.of(update => update.docChanged && words.update(update.startState.doc, update.state.doc, update.changes)),
    ],
  })
  const { view, changed } = editor
  forceParsing(view, Math.min(view.state.doc.length, FIRST_LOOK), FIRST_LOOK_TAKES)
  frame.start(editor, context)
  const headings = atMostOften(headingsOf, () => changed.value++)
  return {
    setEditable: editor.setEditable,
    focus: editor.focus,
    changed,
    get commands() {
      return markdownCommands(editor, frame.commands())
    },
    outline: () => headings(view.state.doc).map(({ level, text, line }) => ({ level, text, go: () => frame.showSource() && goToLine(view, line) })),
    goTo: client => frame.showSource() && editor.goTo(client),
    enter: cursor => frame.showSource() && editor.enter(cursor),
    count: () => countOf(words, view.state.doc),
    showAuthors: editor.showAuthors,
    plainText: () => view.state.doc.toString(),
    destroy() {
      frame.stop()
      editor.destroy()
      frame.remove()
    },
  }
}

/** @param {EditorView} view @param {number} line */
function goToLine(view, line) {
  const { from } = view.state.doc.line(Math.min(line, view.state.doc.lines))
  view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'start', yMargin: 16 }) })
  view.focus()
}

/** @param {WordCount} words @param {import('./extension.js').Text} doc */
function countOf(words, doc) {
  return { line: t('text.count.words', { count: words.of(doc) }), detail: t('text.count.detail', { characters: doc.length, lines: doc.lines }) }
}
