// Conversions against the editor itself: documents that Tiptap's schema and y-tiptap make and read in Node, through the
// command line of the server program. No browser is needed.
import test from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as Y from 'yjs'
import { prosemirrorJSONToYDoc, yXmlFragmentToProseMirrorRootNode } from '@tiptap/y-tiptap'
import { getSchema } from '@tiptap/core'
import { Document } from '@tiptap/extension-document'
import { Paragraph } from '@tiptap/extension-paragraph'
import { Text } from '@tiptap/extension-text'
import { Bold } from '@tiptap/extension-bold'
import { Italic } from '@tiptap/extension-italic'
import { Strike } from '@tiptap/extension-strike'
import { Code } from '@tiptap/extension-code'
import { Underline } from '@tiptap/extension-underline'
import { Highlight } from '@tiptap/extension-highlight'
import { Link } from '@tiptap/extension-link'
import { CodeBlock } from '@tiptap/extension-code-block'
import { Heading } from '@tiptap/extension-heading'
import { Blockquote } from '@tiptap/extension-blockquote'
import { HardBreak } from '@tiptap/extension-hard-break'
import { HorizontalRule } from '@tiptap/extension-horizontal-rule'
import { BulletList, OrderedList, ListItem, TaskList, TaskItem } from '@tiptap/extension-list'
import { Table, TableRow, TableHeader, TableCell } from '@tiptap/extension-table'
import { Image } from '@tiptap/extension-image'
import { skip } from './support/server.mjs'

const schema = getSchema([
  Document, Paragraph, Text, Bold, Italic, Strike, Code, Underline, Highlight, Link, CodeBlock, Heading, Blockquote,
  HardBreak, HorizontalRule, BulletList, OrderedList, ListItem, TaskList, TaskItem.configure({ nested: true }),
  Table, TableRow, TableHeader, TableCell, Image.configure({ allowBase64: true }),
])

/** The server program on a data directory of its own. @param {import('node:test').TestContext} t */
function program(t) {
  const folder = mkdtempSync(join(tmpdir(), 'coscribe-convert-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const run = (/** @type {string[]} */ ...args) =>
    execFileSync(String(process.env.COSCRIBE_BIN), [...args, '--data', join(folder, 'store')], { stdio: ['ignore', 'pipe', 'pipe'] })
  let count = 0
  return {
    /** @param {string} extension @param {string | Uint8Array} content @param {string[]} args */
    import(extension, content, ...args) {
      const name = `document-${++count}`
      const file = join(folder, `${name}.${extension}`)
      writeFileSync(file, content)
      run('import', file, name, ...args)
      return name
    },
    /** @param {string} name @param {string} format */
    export(name, format) {
      const file = join(folder, `${name}-out.${format}`)
      run('export', name, '--output', file)
      return readFileSync(file)
    },
  }
}

/** The document as the editor sees it. @param {Uint8Array} update */
function asEditorSees(update) {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, update)
  const before = Y.encodeStateVector(doc)
  const root = yXmlFragmentToProseMirrorRootNode(doc.getXmlFragment('default'), schema)
  assert.deepEqual(Y.encodeStateVector(doc), before, 'reading must repair nothing')
  root.check()
  return { doc, root }
}

/** @param {string} text @param {object[]} marks */
const text = (text, ...marks) => ({ type: 'text', text, ...(marks.length ? { marks } : {}) })
/** @param {string} type @param {object} attrs @param {object[]} content */
const node = (type, attrs, ...content) => ({ type, attrs, ...(content.length ? { content } : {}) })
const paragraph = (/** @type {object[]} */ ...content) => node('paragraph', {}, ...content)
const link = { type: 'link', attrs: { href: 'https://a.example/?x=1&y=2', target: '_blank', rel: 'noopener noreferrer nofollow', class: null, title: null } }
const marks = ['bold', 'italic', 'underline', 'strike', 'highlight'].map(type => ({ type }))
const cell = (/** @type {string} */ type, /** @type {object} */ attrs, /** @type {object[]} */ ...content) =>
  node(type, { colspan: 1, rowspan: 1, colwidth: null, align: null, ...attrs }, ...content)

const EVERYTHING = {
  type: 'doc',
  content: [
    ...[1, 2, 3, 4, 5, 6].map(level => node('heading', { level }, text(`Heading ${level}`))),
    paragraph(text('plain '), ...marks.map(mark => text(mark.type, mark)), text('all', ...marks, link), text('code', { type: 'code' }), text(' 日本 😀')),
    paragraph(text('a'), node('hardBreak', {}), node('hardBreak', {}), text('b', link)),
    paragraph(),
    node('bulletList', {}, node('listItem', {}, paragraph(text('one')), node('orderedList', { start: 7, type: null }, node('listItem', {}, paragraph(text('seven')))))),
    node('taskList', {}, node('taskItem', { checked: true }, paragraph(text('done'))), node('taskItem', { checked: false }, paragraph(text('open')))),
    node('blockquote', {}, paragraph(text('quoted')), node('blockquote', {}, paragraph(text('twice')))),
    node('codeBlock', { language: 'rust' }, text('fn main() {\n    <b>\n}')),
    node('codeBlock', { language: null }, text('plain')),
    node('horizontalRule', {}),
    node('table', {},
      node('tableRow', {}, cell('tableHeader', { colspan: 2, colwidth: [100, 200] }, paragraph(text('wide'))), cell('tableHeader', { align: 'right' }, paragraph())),
      node('tableRow', {}, cell('tableCell', { rowspan: 2 }, paragraph(text('a')), paragraph(text('b'))), cell('tableCell', {}, paragraph()), cell('tableCell', {}, paragraph(text('c')))),
      node('tableRow', {}, cell('tableCell', {}, paragraph()), cell('tableCell', {}, paragraph(text('d'))))),
    node('image', { src: 'https://a.example/a.png', alt: 'A', title: 'T', width: 20, height: null }),
  ],
}

test('what the editor made comes out as the editor sees it', { skip }, t => {
  const coscribe = program(t)
  const doc = prosemirrorJSONToYDoc(schema, EVERYTHING, 'default')
  const name = coscribe.import('yjs', Y.encodeStateAsUpdate(doc))
  const json = JSON.parse(coscribe.export(name, 'json').toString())
  const expected = schema.nodeFromJSON(EVERYTHING)
  assert.deepEqual(schema.nodeFromJSON(json).toJSON(), expected.toJSON())
})

for (const format of ['json', 'html']) {
  test(`what is imported from ${format} is what the editor would have made`, { skip }, t => {
    const coscribe = program(t)
    const made = coscribe.import('yjs', Y.encodeStateAsUpdate(prosemirrorJSONToYDoc(schema, EVERYTHING, 'default')))
    const name = coscribe.import(format, format === 'json' ? JSON.stringify(EVERYTHING) : coscribe.export(made, format))
    const { root } = asEditorSees(coscribe.export(name, 'yjs'))
    assert.deepEqual(root.toJSON(), schema.nodeFromJSON(EVERYTHING).toJSON())
  })
}

test('Markdown becomes a document with values of the right types', { skip }, t => {
  const coscribe = program(t)
  const source = '## Two\n\n- [x] done\n\n3. *three*\n\n| a | b |\n| --- | :-: |\n| 1 | **2** |\n\n```js\nlet a\n```\n\n![A](https://a.example/a.png)\n'
  const name = coscribe.import('md', source, '--title', 'Plan')
  const { doc, root } = asEditorSees(coscribe.export(name, 'yjs'))
  const found = /** @type {Record<string, object>} */ ({})
  root.descendants(child => void (found[child.type.name] ??= { ...child.attrs }))
  assert.deepEqual(found.heading, { level: 2 })
  assert.deepEqual(found.taskItem, { checked: true })
  assert.deepEqual(found.orderedList, { start: 3, type: null })
  assert.deepEqual(found.codeBlock, { language: 'js' })
  assert.deepEqual(doc.getMap('meta').toJSON(), { title: 'Plan', kind: 'rich', schema: 1 })
  assert.equal(coscribe.export(name, 'md').toString(), source)
})

test('marks that overlap with others of their type are understood', { skip }, t => {
  const coscribe = program(t)
  const doc = new Y.Doc()
  const line = new Y.XmlElement('paragraph')
  const words = new Y.XmlText()
  doc.getXmlFragment('default').insert(0, [line])
  line.insert(0, [words])
  words.insert(0, 'abc')
  words.format(0, 2, { 'bold--AbCd12+=': {} })
  words.format(1, 2, { 'italic--xYzw99//': {} })
  const name = coscribe.import('yjs', Y.encodeStateAsUpdate(doc))
  const [{ content }] = JSON.parse(coscribe.export(name, 'json').toString()).content
  const types = content.map((/** @type {{ marks: { type: string }[] }} */ part) => part.marks.map(mark => mark.type))
  assert.deepEqual(types, [['bold'], ['bold', 'italic'], ['italic']])
})
