// The text editor: CodeMirror 6, its Markdown grammar and the binding to Y.Text. What nobody else here
// names is for merge.js, which borrows.
export { Annotation, ChangeSet, Compartment, EditorSelection, EditorState, Facet, Prec, RangeSet, RangeSetBuilder, StateEffect, StateField, Text } from '@codemirror/state'
export { Decoration, EditorView, GutterMarker, ViewPlugin, ViewUpdate, WidgetType, MatchDecorator, crosshairCursor, drawSelection, dropCursor, getDialog, gutter, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers, placeholder, rectangularSelection, showDialog, showPanel } from '@codemirror/view'
export { defaultKeymap, indentLess, indentMore, indentWithTab, toggleComment } from '@codemirror/commands'
export { closeSearchPanel, gotoLine, highlightSelectionMatches, openSearchPanel, search, searchKeymap } from '@codemirror/search'
export { HighlightStyle, LanguageDescription, bracketMatching, codeFolding, foldGutter, foldKeymap, forceParsing, highlightingFor, indentOnInput, indentUnit, language, syntaxHighlighting, syntaxTree } from '@codemirror/language'
export { closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete'
export { highlightTree, tags } from '@lezer/highlight'
export { StyleModule } from 'style-mod'
export { deleteMarkupBackward, insertNewlineContinueMarkupCommand, markdownLanguage, pasteURLAsLink } from '@codemirror/lang-markdown'
export { yCollab, ySyncAnnotation, ySyncFacet } from 'y-codemirror.next'
