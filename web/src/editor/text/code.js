// Code: the text editor in a fixed width with the grammar of its language, line numbers, folding and brackets.
// Knows nothing of connections.
import {
  Compartment,
  EditorView,
  Prec,
  bracketMatching,
  closeBrackets,
  closeBracketsKeymap,
  crosshairCursor,
  foldGutter,
  foldKeymap,
  highlightActiveLine,
  highlightActiveLineGutter,
  indentOnInput,
  indentWithTab,
  keymap,
  lineNumbers,
  rectangularSelection,
  toggleComment,
} from '../../../vendor/text.js'
import { signal } from '../../../vendor/view.js'
import { read, write } from '../../device/storage.js'
import { t } from '../../i18n/index.js'
import '../../i18n/text.js'
import '../../ui/icons/source.js'
import '../../ui/icons/writing.js'
import { LANGUAGE_NAMES, chooseLanguage, followLanguage, languageOf } from './code/languages.js'
import { codeLook } from './code/look.js'
import { followIndent } from './code/indent.js'
import { drawStrip } from './code/strip.js'
import { historyCommands, viewCommands } from './commands.js'
import { openTextEditor } from './editor.js'

const WRAP = 'coscribe.wrap'

/** @param {HTMLElement} parent @param {import('../contract.js').EditorContext} context @returns {import('../contract.js').OpenEditor} */
export function open(parent, context) {
  const { doc } = context
  const root = make(parent, 'text-frame is-code')
  const settings = signal(0)
  const wrap = new Compartment()
  const language = followLanguage(doc, () => settings.value++)
  const indent = followIndent(doc, () => settings.value++)
  let isWrapped = read(WRAP, false) === true
  const editor = openTextEditor(make(root, 'text-source'), context, {
    help: 'text.help.code',
    extensions: [codeFeatures(), language.extension, indent.extension, wrap.of(isWrapped ? EditorView.lineWrapping : [])],
  })
  const { view } = editor
  const stops = [language.start(view), indent.start(view), drawStrip(make(root, 'text-strip'), doc, editor, settings, language.isTooLong)]
  const toggleWrap = () => {
    isWrapped = !isWrapped
    write(WRAP, isWrapped)
    view.dispatch({ effects: wrap.reconfigure(isWrapped ? EditorView.lineWrapping : []) })
    view.focus()
  }
  return {
    setEditable: editor.setEditable,
    focus: editor.focus,
    goTo: editor.goTo,
    enter: editor.enter,
    changed: editor.changed,
    get commands() {
      return codeCommands(editor, doc, { isWrapped: () => isWrapped, toggleWrap })
    },
    outline: () => [],
    count: () => ({ line: t('text.count.lines', { count: view.state.doc.lines }), detail: t('text.count.detail', { characters: view.state.doc.length, lines: view.state.doc.lines }) }),
    showAuthors: editor.showAuthors,
    plainText: () => view.state.doc.toString(),
    destroy() {
      for (const stop of stops) stop()
      editor.destroy()
      root.remove()
    },
  }
}

/** @returns {import('./extension.js').Extension} */
function codeFeatures() {
  return [
    Prec.high(keymap.of([
      ...closeBracketsKeymap,
      ...foldKeymap,
      // Elsewhere the page shows its shortcuts with this key; in code it is too well known for comments.
      { key: 'Mod-/', run: toggleComment, stopPropagation: true },
    ])),
    keymap.of([indentWithTab]),
    EditorView.contentAttributes.of({ spellcheck: 'false', autocorrect: 'off', autocapitalize: 'off', translate: 'no' }),
    lineNumbers(),
    foldGutter({ markerDOM: foldMarker }),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    rectangularSelection(),
    crosshairCursor(),
    codeLook,
  ]
}

/** @param {boolean} isOpen */
function foldMarker(isOpen) {
  const marker = document.createElement('span')
  marker.className = `fold-marker${isOpen ? '' : ' is-folded'}`
  marker.title = t(isOpen ? 'text.fold.fold' : 'text.fold.unfold')
  return marker
}

/**
 * @param {import('./editor.js').TextEditor} editor
 * @param {import('../contract.js').EditorContext['doc']} doc
 * @param {{ isWrapped: () => boolean, toggleWrap: () => void }} wrap
 * @returns {import('../contract.js').EditorCommand[]}
 */
function codeCommands(editor, doc, { isWrapped, toggleWrap }) {
  const { view, canEdit } = editor
  const languages = ['', ...Object.keys(LANGUAGE_NAMES)].map(key => ({
    id: `language.${key || 'plain'}`,
    label: t('text.language.is', { name: LANGUAGE_NAMES[key] ?? t('text.language.plain') }),
    group: 'language',
    inToolbar: false,
    run: () => chooseLanguage(doc, key),
    isActive: () => languageOf(doc) === key,
    isEnabled: canEdit,
  }))
  return [
    ...historyCommands(editor),
    ...viewCommands(editor),
    { id: 'wrap', label: t('text.wrap'), icon: 'wrap', keys: 'Alt-z', group: 'view', run: toggleWrap, isActive: isWrapped },
    { id: 'comment', label: t('text.comment'), icon: 'comment', keys: 'Mod-/', group: 'code', run: () => void toggleComment(view), isEnabled: canEdit },
    ...languages,
  ]
}

/** @param {HTMLElement} parent @param {string} name */
function make(parent, name) {
  const element = parent.ownerDocument.createElement('div')
  element.className = name
  parent.append(element)
  return element
}
