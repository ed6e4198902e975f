// The parts of the rich editor that need no page: which addresses are harmless, what looks like Markdown, what the
// schema can hold, and that a whole-document replacement becomes the smallest step.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Y } from '../vendor/core.js'
import { EditorState, TextSelection, getSchema, ySyncPluginKey } from '../vendor/rich.js'
import { asMarkdown, count } from '../src/editor/rich/content.js'
import { contain } from '../src/editor/rich/binding.js'
import { isKnown, isKnownChange, markName } from '../src/editor/rich/gate.js'
import { safeAddress } from '../src/editor/rich/link.js'
import { looksLikeMarkdown } from '../src/editor/rich/paste.js'
import { schemaExtensions } from '../src/editor/rich/schema.js'
import { smaller } from '../src/editor/rich/small_steps.js'

const schema = getSchema(schemaExtensions())

test('addresses that could run code are none', () => {
  for (const bad of ['javascript:alert(1)', 'javascript:1/alert(1)', 'javascript:1?alert(1):0', 'javascript:0', ' java\tscript:alert(1)', 'JAVASCRIPT:x', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', '', null, 7, {}]) {
    assert.equal(safeAddress(bad), null, String(bad))
  }
})

test('what people type as an address becomes one', () => {
  assert.equal(safeAddress('example.org/a?b=c:d'), 'https://example.org/a?b=c:d')
  assert.equal(safeAddress('localhost:8080/x'), 'https://localhost:8080/x')
  assert.equal(safeAddress('example.org:8080/x'), 'https://example.org:8080/x')
  assert.equal(safeAddress('ada@example.org'), 'mailto:ada@example.org')
  for (const same of ['https://example.org', 'http://example.org', 'mailto:ada@example.org', 'tel:+49123', '#part', '/d/other']) assert.equal(safeAddress(same), same)
})

test('Markdown is told from prose', () => {
  for (const text of ['# Title\ntext', '- one\n- two', '1. one\n2. two', '```\ncode\n```', 'see [this](https://example.org)', 'so **bold** here', '| a | b |\n|---|---|\n| 1 | 2 |', '- [ ] task']) assert.ok(looksLikeMarkdown(text), text)
  for (const text of ['Just a sentence.', '5 * 3 * 2 = 30', 'a_b_c', '#hashtag', '- a dash alone', 'mail me at ada@example.org (soon)']) assert.ok(!looksLikeMarkdown(text), text)
})

/** A fragment from short notation. @param {(fragment: Y.XmlFragment) => void} fill */
function fragmentOf(fill) {
  const fragment = new Y.Doc().getXmlFragment('default')
  fill(fragment)
  return fragment
}

/** @param {string} name @param {(Y.XmlElement | Y.XmlText)[]} [children] @param {Record<string, any>} [attributes] */
function element(name, children = [], attributes = {}) {
  const made = new Y.XmlElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.insert(0, children)
  return made
}

/** @param {string} text @param {Record<string, any>} [marks] */
function words(text, marks) {
  const made = new Y.XmlText()
  made.insert(0, text, marks)
  return made
}

test('the gate lets through what the schema holds, and nothing else', () => {
  const item = () => element('listItem', [element('paragraph', [words('x')])])
  /** @type {[string, boolean, () => (Y.XmlElement | Y.XmlText)[]][]} */
  const cases = [
    ['nothing', true, () => []],
    ['a heading', true, () => [element('heading', [words('x')], { level: 2 })]],
    ['marks', true, () => [element('paragraph', [words('x', { bold: {}, link: { href: 'https://example.org', target: null } })])]],
    ['a hashed mark', true, () => [element('paragraph', [words('x', { 'highlight--aGVsbG8h': { color: '#ff0' } })])]],
    ['an unknown mark', false, () => [element('paragraph', [words('x', { sparkle: {} })])]],
    ['an unknown attribute of a mark', false, () => [element('paragraph', [words('x', { bold: { weight: 900 } })])]],
    ['an unknown node', false, () => [element('callout', [words('x')])]],
    ['an unknown node deep inside', false, () => [element('bulletList', [element('listItem', [element('paragraph'), element('callout')])])]],
    ['an unknown attribute', false, () => [element('paragraph', [words('x')], { textAlign: 'center' })]],
    ['an attribute that is an object', false, () => [element('heading', [words('x')], { level: { deep: 1 } })]],
    ['widths of columns', true, () => [element('table', [element('tableRow', [element('tableCell', [element('paragraph')], { colwidth: [100, null] })])])]],
    ['text beside blocks', false, () => [words('x')]],
    ['an empty text beside blocks', false, () => [new Y.XmlText()]],
    ['a cell as wide as the world', false, () => [element('table', [element('tableRow', [element('tableCell', [element('paragraph')], { colspan: 1e9 })])])]],
    ['a width that is no number', false, () => [element('table', [element('tableRow', [element('tableCell', [element('paragraph')], { colspan: '2' })])])]],
    ['a cell over two columns', true, () => [element('table', [element('tableRow', [element('tableCell', [element('paragraph')], { colspan: 2 })])])]],
    ['an item outside of a list', false, () => [item()]],
    ['a paragraph in a list', false, () => [element('bulletList', [element('paragraph', [words('x')])])]],
    ['a list without items', true, () => [element('bulletList')]],
    ['an item without its paragraph', true, () => [element('bulletList', [element('listItem', [element('bulletList', [item()])])])]],
    ['a document in a document', false, () => [element('doc', [element('paragraph')])]],
  ]
  for (const [what, isFine, make] of cases) assert.equal(isKnown(fragmentOf(fragment => fragment.insert(0, make())), schema), isFine, what)
  assert.equal(markName('bold'), 'bold')
  const embed = new Y.XmlText()
  const fragment = fragmentOf(root => root.insert(0, [element('paragraph', [embed])]))
  embed.insertEmbed(0, { formula: 'x' })
  assert.equal(isKnown(fragment, schema), false, 'an embed')
})

test('the gate sees a text grow where none may stand', () => {
  const stray = new Y.XmlText()
  const fragment = fragmentOf(root => root.insert(0, [element('bulletList', [stray, element('listItem', [element('paragraph')])])]))
  assert.equal(isKnown(fragment, schema), true, 'empty, it is nothing')
  /** @type {boolean[]} */
  const known = []
  fragment.doc?.on('beforeObserverCalls', transaction => known.push(isKnownChange(transaction, fragment, schema)))
  stray.insert(0, 'x')
  assert.deepEqual(known, [false])
})

test('typing in a paragraph is no matter for the gate', () => {
  const text = words('a')
  const fragment = fragmentOf(root => root.insert(0, [element('blockquote', [element('paragraph', [text])])]))
  /** @type {boolean[]} */
  const known = []
  fragment.doc?.on('beforeObserverCalls', transaction => known.push(isKnownChange(transaction, fragment, schema)))
  text.insert(1, 'b', { bold: {} })
  assert.deepEqual(known, [true])
})

test('a view that cannot be drawn again is given up, and nobody beyond hears of it', t => {
  t.mock.method(console, 'error', () => {})
  const calls = /** @type {string[]} */ ([])
  const fails = (/** @type {boolean} */ isLasting) => {
    const binding = {
      _typeChanged: () => assert.fail('no caret there'),
      _forceRerender: () => (isLasting ? assert.fail('nor a document') : void calls.push('drawn')),
      _observeFunction: (/** @type {unknown[]} */ ..._args) => {},
    }
    contain(binding, { clear: () => void calls.push('forgotten') }, () => void calls.push('given up'))
    binding._observeFunction([], null)
  }
  fails(false)
  fails(true)
  assert.deepEqual(calls, ['forgotten', 'drawn', 'forgotten', 'given up'])
})

test('words are counted, and a rescue reads like Markdown', () => {
  const doc = schema.nodeFromJSON({
    type: 'doc',
    content: [
      { type: 'heading', attrs: { level: 2 }, content: [{ type: 'text', text: 'Two words' }] },
      { type: 'taskList', content: [{ type: 'taskItem', attrs: { checked: true }, content: [{ type: 'paragraph', content: [{ type: 'text', text: 'done', marks: [{ type: 'bold' }] }] }] }] },
      { type: 'paragraph', content: [{ type: 'text', text: '日本 don’t' }] },
    ],
  })
  assert.equal(asMarkdown(doc), '## Two words\n\n- [x] **done**\n\n日本 don’t')
  assert.deepEqual(count(doc), { words: 6, characters: 21 })
})

/** Paragraphs of these texts; `#` makes a heading. @param {string[]} texts */
const docOf = (...texts) => schema.nodes.doc.create(null, texts.map(text => schema.nodes[text.startsWith('#') ? 'heading' : 'paragraph'].create(null, schema.text(text.replace('#', '')))))

/** What the binding would do, made small. @param {EditorState} state @param {ReturnType<typeof docOf>} next @param {number} caret where Yjs found it */
function made(state, next, caret) {
  const whole = state.tr.replaceWith(0, state.doc.content.size, next.content)
  whole.setSelection(TextSelection.create(whole.doc, caret)).setMeta(ySyncPluginKey, { isChangeOrigin: true })
  return smaller(state, whole)
}

test('a replacement of the whole document becomes one small step', () => {
  const doc = docOf('one', 'two', 'three')
  const state = EditorState.create({ doc, selection: TextSelection.create(doc, 13) })
  const tr = made(state, docOf('oXne', 'two', 'three'), 1)
  assert.deepEqual(tr.steps.map(step => step.toJSON()), [{ stepType: 'replace', from: 2, to: 2, slice: { content: [{ type: 'text', text: 'X' }] } }])
  assert.equal(tr.doc.textContent, 'oXnetwothree')
  assert.equal(tr.selection.head, 14)
  assert.equal(tr.scrolledIntoView, false)
  assert.equal(made(state, docOf('one', 'two', 'three'), 1).docChanged, false)
})

test('the caret stays in a block that changed its kind, and in the right one of several alike', () => {
  const doc = docOf('same', 'same', 'tail')
  // Behind the second letter of the second block.
  const state = EditorState.create({ doc, selection: TextSelection.create(doc, 9) })
  const tr = made(state, docOf('same', '#same', 'tail'), 1)
  assert.equal(tr.selection.head, 9)
  const both = made(state, docOf('new', '#same', '#same', 'tail'), 1)
  assert.equal(both.selection.head, 14)
})

test('repeated letters do not confuse the step', () => {
  const doc = docOf('aaaa')
  const state = EditorState.create({ doc })
  for (const text of ['aaa', 'aaaaa', 'aa', 'aabaa', 'b']) assert.equal(made(state, docOf(text), 1).doc.textContent, text)
})
