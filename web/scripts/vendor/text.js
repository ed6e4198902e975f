// The plain text editor: CodeMirror 6, its Markdown grammar and the binding to Y.Text.
export { Annotation, Compartment, EditorState } from '@codemirror/state'
export { Decoration, EditorView, ViewPlugin, ViewUpdate, WidgetType, keymap, placeholder } from '@codemirror/view'
export { defaultKeymap } from '@codemirror/commands'
export { search, searchKeymap } from '@codemirror/search'
export { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
export { tags } from '@lezer/highlight'
export { markdownLanguage, insertNewlineContinueMarkup } from '@codemirror/lang-markdown'
export { yCollab, yUndoManagerKeymap } from 'y-codemirror.next'
