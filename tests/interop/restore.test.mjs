// Going back to a moment while others type and one is away: stock clients end with what the document
// said then, marks and attributes included, and what was typed after.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as Y from 'yjs'

import { allSynced, client, closeAll, family } from './lib/clients.mjs'
import { allEqual, assertEqual, load } from './lib/documents.mjs'
import { seeded } from './lib/random.mjs'
import { startServer } from './lib/server.mjs'
import { breathe, until } from './lib/wait.mjs'

const ROUNDS = 120
const name = 'restored'

/** Everything our apps show of a document: the text, and the rich text with marks and attributes. */
function shown(doc) {
  return { text: doc.getText('text').toDelta(), rich: blocks(doc.getXmlFragment('default')) }
}

function blocks(parent) {
  return parent.toArray().map((node) => node instanceof Y.XmlText
    ? node.toDelta()
    : { name: node.nodeName, attributes: node.getAttributes(), inside: blocks(node) })
}

function letters(text) {
  return text.toDelta().map((it) => it.insert).join('')
}

function block(words, random) {
  const [outer, inner] = [new Y.XmlElement(random.pick(['paragraph', 'blockquote'])), new Y.XmlText(words)]
  if (outer.nodeName === 'paragraph') outer.insert(0, [inner])
  else {
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [inner])
    outer.insert(0, [paragraph])
  }
  outer.setAttribute('level', random.below(3))
  return outer
}

/** One thing that somebody does, to the text or to the rich text. */
function edit(doc, random) {
  const [text, rich] = [doc.getText('text'), doc.getXmlFragment('default')]
  const some = random.below(text.length + 1)
  const at = rich.length > 0 ? random.below(rich.length) : 0
  const inner = (node) => (node instanceof Y.XmlText ? node : node && inner(node.get(0)))
  const words = inner(rich.get(at))
  const into = words ? random.below(words.length + 1) : 0
  const edits = [
    () => text.insert(some, random.pick(['hello ', 'naive\n', 'x'])),
    () => text.delete(some, Math.min(8, text.length - some)),
    () => text.insert(some, 'and so on '),
    () => rich.insert(at, [block(`words ${random.below(100)}`, random)]),
    () => rich.length > 4 && rich.delete(at, 1),
    () => rich.length > 0 && rich.get(at).setAttribute('level', random.below(9)),
    () => words?.insert(into, random.pick(['more ', 'and ', '!'])),
    () => words?.insert(into, 'link', { link: { href: `https://${random.below(9)}.example` } }),
    () => words?.delete(into, Math.min(4, words.length - into)),
    () => words?.format(into, Math.min(6, words.length - into), { bold: random.chance(0.6) ? {} : null }),
  ]
  doc.transact(() => random.pick(edits)())
}

async function ask(server, path, body) {
  const response = await fetch(`${server.http}/api/v1/documents/${name}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-coscribe-name': 'Mia' },
    body: JSON.stringify(body),
  })
  const answer = await response.json()
  assert.ok(response.ok, JSON.stringify(answer))
  return answer
}

/** Types a word into the text, which is found again by its brackets, and a block into the rich text. The
 * text has no marks: Yjs moves those of its neighbours when a word comes and goes. */
function type(doc, word, random) {
  const rich = doc.getXmlFragment('default')
  rich.insert(random.below(rich.length + 1), [new Y.XmlElement('late')])
  const text = doc.getText('text')
  const brackets = /[‹›]/
  let at = random.below(text.length + 1)
  while (at > 0 && brackets.test(letters(text).slice(0, at).match(/‹[^›]*$/)?.[0] ?? '')) at -= 1
  text.insert(at, `‹${word}›`)
}

/** Takes the words in brackets away again. */
function clear(doc) {
  const text = doc.getText('text')
  const rich = doc.getXmlFragment('default')
  for (let at = rich.length - 1; at >= 0; at -= 1) if (rich.get(at).nodeName === 'late') rich.delete(at, 1)
  for (let found; (found = letters(text).match(/‹[^‹›]*›/)) !== null;) text.delete(found.index, found[0].length)
  return doc
}

test('what a moment said comes back for everybody, with what was typed since', async (t) => {
  const server = await startServer(t)
  const random = seeded(11)
  const people = ['y-websocket 3', 'Hocuspocus 4'].map((it) => client(family(it), server, name))
  const away = client(family('y-websocket 1'), server, name)
  const docs = [...people, away].map((it) => it.doc)
  await allSynced([...people, away])
  const write = async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      people.forEach((it) => edit(it.doc, random))
      if (random.chance(0.3)) await breathe()
    }
    await until('both have the same', () => allEqual(people.map((it) => it.doc)))
    await until('everything is saved', () => people[1].saved())
  }
  for (let again = 0; again < 3; again += 1) {
    await write()
    const version = await ask(server, 'versions', { name: `Moment ${again}` })
    const moment = shown(people[0].doc)
    await until('the one who leaves has it too', () => allEqual(docs))
    away.disconnect()
    await until('one is away', () => !away.synced())
    type(away.doc, `afar ${again}`, random)
    await write()
    assert.notDeepEqual(shown(people[0].doc), moment)

    // Words typed before the server has read the document are gone with the rest, later ones stay.
    const restored = ask(server, 'history/restore', { seq: version.seq })
    for (let round = 0; round < 20; round += 1) {
      people.forEach((it, index) => type(it.doc, `${index} ${round}`, random))
      await breathe()
    }
    const { seq } = await restored
    assert.ok(seq > version.seq)
    people.forEach((it, index) => type(it.doc, `late ${index}`, random))
    away.connect()
    await allSynced([away])
    await until('all documents are equal', () => allEqual(docs))
    assertEqual(docs)
    const late = docs[0].getXmlFragment('default').toArray().filter((it) => it.nodeName === 'late')
    assert.ok(late.length >= 3, 'blocks that were added afar and later are there')
    const text = letters(docs[0].getText('text'))
    for (const word of [`afar ${again}`, 'late 0', 'late 1']) {
      assert.equal(text.split(`‹${word}›`).length, 2, `${word} is there once: ${text}`)
    }
    assert.deepEqual(shown(clear(load(Y.encodeStateAsUpdate(docs[0])))), moment)
    clear(docs[0])
    await until('all documents are equal', () => allEqual(docs))
  }
  await closeAll([...people, away])
  assert.equal((await server.stop()).code, 0)
  const stored = load(await server.export(name))
  assert.deepEqual(shown(stored), shown(docs[0]), 'what is stored is what everybody sees')
})

/** Each letter of a text with its marks: those of words in brackets, and of all others. */
function marked(text) {
  const all = text.toDelta().flatMap(({ insert, attributes = {} }) => [...insert].map((letter) => ({ letter, ...attributes })))
  const [outside, inside] = [[], []]
  let depth = 0
  for (const one of all) {
    if (one.letter === '‹') depth += 1
    const list = depth > 0 ? inside : outside
    list.push(one)
    if (one.letter === '›') depth -= 1
  }
  return { outside, inside }
}

/** Places in a text that touch no word in brackets: Yjs marks two words that touch as one, and takes the mark from both. */
function apart(text) {
  const all = letters(text)
  const inside = [...all.matchAll(/‹[^›]*›/g)].map(({ index, 0: word }) => [index, index + word.length])
  return Array.from({ length: all.length + 1 }, (_, at) => at).filter((at) => inside.every(([from, to]) => at < from || at > to))
}

test('marks of a text come back, and those that others set meanwhile stay', async (t) => {
  const server = await startServer(t)
  const random = seeded(17)
  const [ada, linus] = ['y-websocket 3', 'Hocuspocus 4'].map((it) => client(family(it), server, name))
  const docs = [ada.doc, linus.doc]
  await allSynced([ada, linus])
  const text = ada.doc.getText('text')
  const other = linus.doc.getText('text')
  const range = (of) => {
    const from = random.below(of.length)
    return [from, 1 + random.below(of.length - from)]
  }
  const settled = async () => {
    await until('both have the same', () => allEqual(docs))
    await until('everything is saved', () => linus.saved())
  }
  text.insert(0, 'one two three four five six seven')
  for (let again = 0; again < 12; again += 1) {
    for (let marks = 0; marks < 3; marks += 1) text.format(...range(text), { bold: random.chance(0.7) ? {} : null })
    await settled()
    const { seq } = await ask(server, 'versions', { name: `Marks ${again}` })
    const moment = marked(text).outside
    // What was said is deleted, marked otherwise and written into.
    text.delete(...range(text))
    text.insert(random.below(text.length + 1), 'spoiled', random.chance(0.5) ? { bold: {} } : {})
    if (text.length > 0) text.format(...range(text), { bold: random.chance(0.5) ? {} : null })
    await settled()
    const restored = ask(server, 'history/restore', { seq })
    for (let word = 0; word < 3; word += 1) {
      other.insert(random.pick(apart(other)), `‹${again} ${word}›`, { italic: {} })
      other.format(...range(other), { strike: {} })
      await breathe()
    }
    await restored
    other.insert(random.pick(apart(other)), '‹late›', { italic: {} })
    await settled()
    assertEqual(docs)
    const { outside, inside } = marked(text)
    const without = ({ strike, ...rest }) => rest
    assert.deepEqual(outside.map(without), moment.map(without), 'letters and marks are what they were, but for what was struck out meanwhile')
    assert.ok(inside.length >= 6 && inside.every(({ italic }) => italic), 'what was typed meanwhile keeps its own mark')
    text.delete(0, text.length)
    text.insert(0, 'one two three four five six seven', { bold: null, italic: null, strike: null })
  }
  await closeAll([ada, linus])
})
