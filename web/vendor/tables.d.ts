// Tiptap's tools for working in tables, on what rich.js has of Tiptap and ProseMirror: there is one copy of each.
export { Table } from '@tiptap/extension-table/table'
export { tableEditingKey } from '@tiptap/pm/tables'
