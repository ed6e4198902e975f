// Our own nodes for tables and images are Tiptap's: same names, attributes, parts in a table, and HTML.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Document } from '@tiptap/extension-document'
import { Image as TheirImage } from '@tiptap/extension-image'
import { Paragraph } from '@tiptap/extension-paragraph'
import { TableCell, TableHeader, TableRow, Table as TheirTable } from '@tiptap/extension-table'
import { Text } from '@tiptap/extension-text'
import { getSchema as getTheirSchema } from '@tiptap/core'
import { getSchema } from '../vendor/rich.js'
import { schemaExtensions } from '../src/editor/rich/schema.js'

const ours = getSchema(schemaExtensions())
const theirs = getTheirSchema([Document, Paragraph, Text, TheirTable, TableRow, TableHeader, TableCell, TheirImage])
const NAMES = ['table', 'tableRow', 'tableHeader', 'tableCell', 'image']

test('the nodes say the same of themselves', () => {
  for (const name of NAMES) {
    for (const part of ['content', 'group', 'tableRole', 'isolating', 'draggable', 'atom', 'selectable', 'marks', 'code', 'defining']) {
      assert.deepEqual(ours.nodes[name].spec[part] ?? undefined, theirs.nodes[name].spec[part] ?? undefined, `${name}.${part}`)
    }
    assert.equal(ours.nodes[name].isInline, theirs.nodes[name].isInline)
    const defaults = (/** @type {any} */ type) => type.defaultAttrs
    assert.deepEqual(defaults(ours.nodes[name]), defaults(theirs.nodes[name]), name)
    const tags = (/** @type {any} */ { spec }) => spec.parseDOM.map((/** @type {any} */ rule) => [rule.tag, typeof rule.getContent])
    assert.deepEqual(tags(ours.nodes[name]), tags(theirs.nodes[name]), name)
  }
})

test('the nodes are written as the same HTML', () => {
  const cell = (/** @type {string} */ type, attrs = {}) => ({ type, attrs, content: [{ type: 'paragraph' }] })
  const rows = [
    [cell('tableHeader'), cell('tableHeader', { align: 'right' })],
    [cell('tableCell', { colspan: 2, rowspan: 3, colwidth: [100, 10], align: 'javascript' })],
    [cell('tableCell', { colspan: 2, colwidth: [100, 40] })],
  ]
  const nodes = rows.flatMap(row => [{ type: 'table', content: [{ type: 'tableRow', content: row }] }, ...row])
  for (const node of [...nodes, { type: 'image', attrs: { src: 'https://example.org/a.png', alt: 'a', width: 3 } }]) {
    const html = (/** @type {any} */ schema) => JSON.parse(JSON.stringify(schema.nodes[node.type].spec.toDOM(schema.nodeFromJSON(node))))
    const sorted = (/** @type {unknown} */ spec) => JSON.stringify(spec, (_key, value) => (value && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null).sort()) : value))
    assert.equal(sorted(html(ours)), sorted(html(theirs)))
  }
})
