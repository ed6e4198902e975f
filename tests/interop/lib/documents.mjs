// What the tests write into documents and how they compare them. Knows Yjs; knows no network.
//
// Every document has the same four roots: `text` (formatted), `map`, `array` and `page` (XML).

import assert from 'node:assert/strict'
import * as Y from 'yjs'

/** Everything a reader can see, as plain values. */
export function content(doc) {
  return {
    roots: [...doc.share.keys()].sort(),
    text: doc.getText('text').toDelta(),
    map: doc.getMap('map').toJSON(),
    array: doc.getArray('array').toJSON(),
    page: doc.getXmlFragment('page').toString(),
  }
}

/** Whether two documents hold the same operations, deletions included. State vectors alone would
 * not tell, as a deletion does not move them. */
export function sameOperations(a, b) {
  return Y.equalSnapshots(Y.snapshot(a), Y.snapshot(b))
}

/** Whether all documents are the same document, and none waits for something it lacks. */
export function allEqual(docs) {
  const [first, ...rest] = docs
  return rest.every((doc) => sameOperations(first, doc)) && docs.every((doc) => !hasPending(doc))
}

/** Fails with the first difference unless all documents are the same, by operations and content. */
export function assertEqual(docs, names) {
  docs.forEach((doc, index) => {
    const name = names?.[index] ?? `document ${index}`
    assert.ok(!hasPending(doc), `${name} waits for operations it lacks`)
    assert.deepEqual(content(doc), content(docs[0]), `${name} differs in content`)
    assert.ok(sameOperations(doc, docs[0]), `${name} differs in its operations`)
  })
}

/** A document from an update as `coscribe export` writes it. */
export function load(update) {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, update)
  content(doc)
  return doc
}

/** One random edit: text and its formatting, map entries, list items, XML, deletions. */
export function randomEdit(doc, random, author) {
  const text = doc.getText('text')
  const [map, array, page] = [doc.getMap('map'), doc.getArray('array'), doc.getXmlFragment('page')]
  const written = text.toString()
  const at = betweenLetters(written, random.below(text.length + 1))
  const span = betweenLetters(written, Math.min(at + 1 + random.below(8), text.length)) - at
  const edits = [
    () => text.insert(at, random.pick(['hello ', 'é', '🎉', 'naïve\n', 'x'])),
    () => text.insert(at, 'bold', { bold: true }),
    () => span > 0 && text.delete(at, span),
    () => span > 0 && text.format(at, span, { em: random.chance(0.5) ? true : null }),
    () => map.set(`key${random.below(6)}`, { by: author, value: random.below(1000) }),
    () => map.delete(`key${random.below(6)}`),
    () => array.push([`${author}-${random.below(1000)}`]),
    () => array.length > 3 && array.delete(random.below(array.length), 1),
    () => page.insert(random.below(page.length + 1), [paragraph(author)]),
    () => page.length > 3 && page.delete(random.below(page.length), 1),
  ]
  doc.transact(() => random.pick(edits)())
}

/** The place at or before `at` that does not part a surrogate pair: no editor does, and Yjs loses
 * the letter if somebody does. */
function betweenLetters(text, at) {
  return /[\udc00-\udfff]/.test(text[at] ?? '') ? at - 1 : at
}

function paragraph(words) {
  const element = new Y.XmlElement('p')
  element.setAttribute('by', words)
  element.insert(0, [new Y.XmlText(words)])
  return element
}

function hasPending(doc) {
  return doc.store.pendingStructs !== null || doc.store.pendingDs !== null
}
