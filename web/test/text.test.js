// The parts of the text editor that need no page: editing Markdown, counting, cutting for the preview, places of
// carets, indents, and the contrast of every colour of code. Randomness comes from a seed.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { EditorSelection, EditorState, Text, markdownLanguage } from '../vendor/text.js'
import { Y } from '../vendor/core.js'
import { broughtForeign } from '../src/editor/text/bound.js'
import { guessIndent, readIndent, writeIndent } from '../src/editor/text/code/indent.js'
import { LANGUAGE_NAMES } from '../src/editor/text/code/languages.js'
import { locate, trackPlaces } from '../src/editor/text/carets/places.js'
import { WordCount, wordsIn } from '../src/editor/text/count.js'
import { placeOf } from '../src/editor/text/goto_line.js'
import { codeBlock, cycleHeading, insertDivider, insertTable, setHeading, toggleList, toggleQuote } from '../src/editor/text/markdown/blocks.js'
import { hasMark, toggleLink, toggleMark } from '../src/editor/text/markdown/marks.js'
import { headingsOf, slugOf } from '../src/editor/text/markdown/outline.js'
import { toggleTask } from '../src/editor/text/markdown/tasks.js'
import { Chunks } from '../src/editor/text/preview/chunks.js'
import { languages } from '../vendor/languages.js'

/** A state from text with `|` at the ends of the selection. @param {string} marked */
function at(marked) {
  const [before, inside, after] = marked.split('|')
  const doc = before + inside + (after ?? '')
  const selection = after === undefined ? EditorSelection.cursor(before.length) : EditorSelection.range(before.length, before.length + inside.length)
  return EditorState.create({ doc, selection, extensions: [markdownLanguage] })
}

/** The text after an edit, with `|` at the ends of the selection. @param {string} marked @param {(state: EditorState) => import('@codemirror/state').TransactionSpec} edit */
function after(marked, edit) {
  const state = at(marked)
  const { doc, selection: { main } } = state.update(edit(state)).state
  const text = doc.toString()
  return main.empty ? `${text.slice(0, main.from)}|${text.slice(main.from)}` : `${text.slice(0, main.from)}|${text.slice(main.from, main.to)}|${text.slice(main.to)}`
}

test('what another app puts into a text is told from letters', () => {
  const doc = new Y.Doc()
  const text = doc.getText('text')
  /** @type {boolean[]} */
  const found = []
  doc.on('beforeObserverCalls', transaction => found.push(broughtForeign(transaction, text)))
  text.insert(0, 'letters')
  text.format(0, 3, { bold: true })
  text.delete(1, 2)
  doc.getText('other').insertEmbed(0, { image: 'x' })
  doc.getMap('meta').set('title', 'x')
  text.setAttribute('lang', 'de')
  assert.deepEqual(found.splice(0), [false, false, false, false, false, false])
  text.insertEmbed(1, { image: 'x' })
  text.insertEmbed(0, new Y.Map())
  assert.deepEqual(found, [true, true])
})

test('marks are written around a selection or a word, and taken away again', () => {
  for (const [mark, sign] of /** @type {const} */ ([['strong', '**'], ['emphasis', '*'], ['strike', '~~'], ['code', '`']])) {
    const edit = (/** @type {EditorState} */ state) => toggleMark(state, mark)
    assert.equal(after('a |bold| word', edit), `a ${sign}|bold|${sign} word`)
    assert.equal(after(`a ${sign}|bold|${sign} word`, edit), 'a |bold| word')
    assert.equal(after('a bo|ld word', edit), `a ${sign}bo|ld${sign} word`)
    assert.equal(after(`a ${sign}bo|ld${sign} word`, edit), 'a bo|ld word')
    assert.equal(after('a | word', edit), `a ${sign}|${sign} word`)
    assert.equal(after('|two words |', edit), `${sign}|two words|${sign} `)
    assert.ok(hasMark(at(`a ${sign}bo|ld${sign} word`), mark))
    assert.ok(!hasMark(at('a bo|ld word'), mark))
  }
  assert.equal(after('**|** a', state => toggleMark(state, 'strong')), '| a')
})

test('a link takes the selection as its words and selects where it leads', () => {
  assert.equal(after('see |the guide|.', toggleLink), 'see [the guide](|https://|).')
  assert.equal(after('see |', toggleLink), 'see [|](https://)')
  assert.equal(after('see [the| guide](https://x.org).', toggleLink), 'see the| guide.')
})

test('headings, lists and quotes are written on every line and taken away when all have them', () => {
  assert.equal(after('Ti|tle', cycleHeading), '# Ti|tle')
  assert.equal(after('### Ti|tle', cycleHeading), 'Ti|tle')
  assert.equal(after('# Ti|tle', state => setHeading(state, 2)), '## Ti|tle')
  assert.equal(after('## Ti|tle', state => setHeading(state, 2)), 'Ti|tle')
  assert.equal(after('|one\n\ntwo|\nthree', state => toggleList(state, 'bullet')), '- |one\n\n- two|\nthree')
  assert.equal(after('- |one\n- two|', state => toggleList(state, 'ordered')), '1. |one\n2. two|')
  assert.equal(after('  1. on|e', state => toggleList(state, 'task')), '  - [ ] on|e')
  assert.equal(after('- [x] on|e', state => toggleList(state, 'task')), 'on|e')
  assert.equal(after('|one\ntwo|', toggleQuote), '> |one\n> two|')
  assert.equal(after('> |one\n> two|', toggleQuote), '|one\ntwo|')
  assert.equal(after('|one\n|two', state => toggleList(state, 'bullet')), '- |one\n|two')
})

test('blocks stand on lines of their own', () => {
  assert.equal(after('co|de', codeBlock), '```\nco|de\n```')
  assert.equal(after('|```js\nx\n```|', codeBlock).replaceAll('|', ''), '````\n```js\nx\n```\n````')
  assert.equal(after('text|', state => insertTable(state, ['A', 'B'])), 'text\n\n| A | B |\n| --- | --- |\n|  |  |'.replace('| A |', '| |A| |'))
  assert.equal(after('text|', insertDivider), 'text\n\n---\n\n|')
})

test('a task is ticked and cleared in place, and nothing else is', () => {
  const doc = Text.of(['- [ ] open', '  1. [x] done', '> - [ ] quoted', 'a [ ] b', '- [ ]nothing'])
  const tick = (/** @type {number} */ line) => {
    const change = toggleTask(doc, line)
    return change && EditorState.create({ doc }).update({ changes: change }).state.doc.line(line).text
  }
  assert.deepEqual([1, 2, 3, 4, 5, 0, 9].map(tick), ['- [x] open', '  1. [ ] done', '> - [x] quoted', null, null, null, null])
})

test('the outline has headings of both forms and none of those in fences', () => {
  const doc = Text.of(['# One *two* `three`', '```', '# no', '```', 'Under', '=====', '', '---', '- item', '---', '#tag', '## [Link](x) ##'])
  assert.deepEqual(headingsOf(doc), [{ level: 1, text: 'One two three', line: 1 }, { level: 1, text: 'Under', line: 5 }, { level: 2, text: 'Link', line: 12 }])
  assert.equal(slugOf('Über uns & mehr!'), 'über-uns-mehr')
})

test('words counted through random edits are the words there are', () => {
  const random = randomOf(7)
  const words = new WordCount()
  let state = EditorState.create({ doc: "one two\nthree's\n\nfour" })
  words.of(state.doc)
  for (let turn = 0; turn < 800; turn++) {
    const changes = randomChanges(random, state.doc, [' ', 'a', 'bb c', '\n', 'd\ne', '.'])
    const transaction = state.update({ changes })
    words.update(state.doc, transaction.state.doc, transaction.changes)
    state = transaction.state
    assert.equal(words.of(state.doc), wordsIn(state.doc.toString()), `after turn ${turn}`)
  }
})

test('chunks kept through random edits are the chunks of the whole text', () => {
  const random = randomOf(11)
  const pieces = ['word '.repeat(40), '\n', '\n\n', '```\n', '~~~~\n```\n~~~~\n', '- item\n', '  more\n', '# Head\n', '[a]: https://x.org\n', '> quote\n', '1. one\n']
  let state = EditorState.create({ doc: Array.from({ length: 300 }, (_, index) => `Paragraph ${index} ${'word '.repeat(random(30))}\n\n${pieces[4 + random(7)]}`).join('\n') })
  const chunks = new Chunks(state.doc)
  assert.ok(chunks.list.length > 5)
  for (let turn = 0; turn < 600; turn++) {
    const transaction = state.update({ changes: randomChanges(random, state.doc, pieces) })
    const before = [...chunks.list]
    const { at, removed, added } = chunks.update(state.doc, transaction.state.doc, transaction.changes)
    state = transaction.state
    assert.deepEqual([...before.slice(0, at), ...added, ...before.slice(at + removed.length)], chunks.list)
    assert.deepEqual(chunks.list, new Chunks(state.doc).list, `after turn ${turn}`)
  }
})

test('an edit in a long text cuts near the edit only', () => {
  let state = EditorState.create({ doc: Array.from({ length: 4000 }, (_, index) => `Paragraph ${index} ${'word '.repeat(30)}\n`).join('\n') })
  const chunks = new Chunks(state.doc)
  const transaction = state.update({ changes: { from: state.doc.line(4001).from, insert: 'x' } })
  const { added } = chunks.update(state.doc, transaction.state.doc, transaction.changes)
  assert.ok(added.length <= 2, `${added.length} of ${chunks.list.length}`)
})

test('places of carets move along with the text as their relative positions do', () => {
  const doc = new Y.Doc()
  const text = doc.getText('text')
  text.insert(0, 'hello world')
  const { places, publish, map } = trackPlaces(text)
  const cursor = JSON.parse(JSON.stringify({ anchor: Y.createRelativePositionFromTypeIndex(text, 6), head: Y.createRelativePositionFromTypeIndex(text, 11) }))
  publish(1, cursor, 11, 0)
  for (const hostile of [null, 5, {}, { anchor: 1, head: 'x' }, { anchor: { item: { client: 1e99 } }, head: {} }]) publish(2, hostile, 11, 0)
  assert.equal(places.get(2)?.anchor ?? null, null)
  const changes = EditorState.create({ doc: 'hello world' }).changes([{ from: 0, insert: 'oh ' }, { from: 11, insert: '!' }])
  text.insert(11, '!')
  text.insert(0, 'oh ')
  map(changes)
  assert.deepEqual([places.get(1)?.anchor, places.get(1)?.head], [9, 15])
  assert.deepEqual([locate(text, cursor.anchor, 15), locate(text, cursor.head, 15)], [9, 15])
  publish(1, null, 15, 0)
  assert.equal(places.size, 1)
})

test('a line to go to is found, or the nearest', () => {
  const doc = Text.of(['one', 'two', 'three'])
  assert.deepEqual(['2', '2:3', '99', '0', '3:99', 'x', ''].map(written => placeOf(doc, written)), [4, 6, 8, 0, 13, null, null])
})

test('indents are read from the document and guessed from its lines', () => {
  for (const stored of ['spaces-2', 'spaces-8', 'tabs-4']) assert.equal(writeIndent(/** @type {any} */ (readIndent(stored))), stored)
  for (const stored of ['spaces-3', 'x', 4, null, {}]) assert.equal(readIndent(stored), null)
  assert.equal(writeIndent(guessIndent(Text.of(['a', '    b', '        c', '    d']))), 'spaces-4')
  assert.equal(writeIndent(guessIndent(Text.of(['a', '\tb', '\t\tc']))), 'tabs-4')
  assert.equal(writeIndent(guessIndent(Text.of(['a']))), 'spaces-2')
})

test('every language has a name and a grammar', async () => {
  assert.deepEqual(Object.keys(LANGUAGE_NAMES).sort(), Object.keys(languages).sort())
  for (const grammar of Object.values(languages)) assert.ok(await grammar())
})

test('every colour of code is readable on paper and on the active line, light and dark', () => {
  const css = readFileSync(new URL('../styles/tokens.css', import.meta.url), 'utf8')
  const pairs = Object.fromEntries([...css.matchAll(/--([\w-]+): light-dark\((#\w+), (#\w+)\)/g)].map(([, name, ...both]) => [name, both]))
  const names = Object.keys(pairs).filter(name => name.startsWith('tok-'))
  assert.ok(names.length >= 10)
  for (const name of [...names, 'bad', 'ink', 'ink-faint']) {
    for (const theme of [0, 1]) {
      const ground = over(pairs['line-active'][theme], rgba(pairs.paper[theme]))
      const ratio = contrast(rgba(pairs[name][theme]), ground)
      assert.ok(ratio >= 4.5, `${name} has ${ratio.toFixed(2)} ${theme ? 'in dark' : 'in light'}`)
    }
  }
})

/** @param {string} hex */
function rgba(hex) {
  const digits = hex.slice(1)
  const full = digits.length < 6 ? [...digits].map(digit => digit + digit).join('') : digits
  return [0, 2, 4, 6].map(place => parseInt(full.slice(place, place + 2) || 'ff', 16))
}

/** @param {string} hex @param {number[]} ground */
function over(hex, ground) {
  const colour = rgba(hex)
  return ground.map((below, index) => below + (colour[index] - below) * (colour[3] / 255))
}

/** WCAG 2.2. @param {number[]} a @param {number[]} b */
function contrast(a, b) {
  const [light, dark] = [a, b].map(luminance).sort((one, other) => other - one)
  return (light + 0.05) / (dark + 0.05)
}

/** @param {number[]} colour */
function luminance(colour) {
  const [red, green, blue] = colour.map(value => value / 255).map(value => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Numbers below a bound, the same for a seed. @param {number} seed */
function randomOf(seed) {
  return (/** @type {number} */ below) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    return Math.floor((seed / 2 ** 31) * below)
  }
}

/** One to three changes at random places. @param {(below: number) => number} random @param {import('@codemirror/state').Text} doc @param {string[]} pieces */
function randomChanges(random, doc, pieces) {
  return Array.from({ length: 1 + random(3) }, () => {
    const from = random(doc.length + 1)
    return random(3) === 0 ? { from, to: Math.min(doc.length, from + random(60)) } : { from, insert: pieces[random(pieces.length)] }
  }).sort((a, b) => a.from - b.from).reduce((kept, change) => {
    const last = kept[kept.length - 1]
    return last && (last.to ?? last.from) >= change.from ? kept : [...kept, change]
  }, /** @type {{ from: number, to?: number, insert?: string }[]} */ ([]))
}
