// The types of CodeMirror that our modules name. Types only.

/** @typedef {import('@codemirror/state').Extension} Extension */
/** @typedef {import('@codemirror/state').Text} Text */
/** @typedef {import('@codemirror/state').ChangeDesc} ChangeDesc */
/** @typedef {import('@codemirror/state').ChangeSpec} ChangeSpec */
/** @typedef {import('@codemirror/state').TransactionSpec} TransactionSpec */
/** @typedef {import('@codemirror/state').SelectionRange} SelectionRange */
/** @typedef {import('@codemirror/state').EditorState} EditorState */
/** @typedef {import('@codemirror/view').KeyBinding} KeyBinding */
/** @typedef {import('@lezer/common').SyntaxNode} SyntaxNode */

export {}
