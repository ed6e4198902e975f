// What stock Yjs makes of a log of edits: each one's own insertions and deletions, and the document at any moment. The oracle
// of pasts; knows nothing of the server.

import assert from 'node:assert/strict'
import * as Y from 'yjs'

/** Applies an update and nothing else: called local, it makes Yjs tidy no formats, which would be an
 * edit of this document's own. */
function apply(doc, update) {
  doc.transact((transaction) => {
    Y.applyUpdate(doc, update)
    transaction.local = true
  })
}

/** The updates that change something: deleting again what somebody else has deleted is no entry. */
export function effective(log) {
  const doc = new Y.Doc({ gc: false })
  let changes = false
  doc.on('afterTransaction', (transaction) => {
    changes = inserted(transaction).length > 0 || transaction.deleteSet.clients.size > 0
  })
  return log.filter(({ update }) => {
    changes = false
    if (update !== null) apply(doc, update)
    return changes
  })
}

/** What stock Yjs makes of a log: each transaction's own sets, and the document at some moments. */
export function replay(log, moments) {
  const wanted = new Set(moments)
  const doc = new Y.Doc({ gc: false })
  const [rows, docs, authors] = [[], new Map(), new Map()]
  const keep = (moment) => wanted.has(moment) && docs.set(moment, copy(doc))
  doc.on('afterTransaction', (transaction) => rows.push({
    inserted: inserted(transaction),
    deleted: merged(transaction.deleteSet),
  }))
  keep(0)
  log.forEach(({ name, update }, index) => {
    apply(doc, update)
    rows.at(-1).inserted.forEach(([client]) => {
      assert.equal(authors.get(client) ?? name, name)
      authors.set(client, name)
    })
    keep(index + 1)
  })
  return { rows, docs, authors }
}

/** A document with the same operations and none that is yet to come. */
function copy(doc) {
  const made = new Y.Doc({ gc: false })
  Y.applyUpdate(made, Y.encodeStateAsUpdate(doc))
  return made
}

function inserted({ beforeState, afterState }) {
  const grown = [...afterState].filter(([client, clock]) => clock > (beforeState.get(client) ?? 0))
  return grown.map(([client, clock]) => [client, clock - (beforeState.get(client) ?? 0)]).sort(byNumbers)
}

/** A delete set as ranges that do not touch. */
function merged(set) {
  const all = [...set.clients].flatMap(([client, ranges]) => ranges.map(({ clock, len }) => [client, clock, len]))
  const found = []
  for (const [client, clock, len] of all.sort(byNumbers)) {
    const last = found.at(-1)
    if (last?.[0] === client && last[1] + last[2] >= clock) last[2] = Math.max(last[2], clock + len - last[1])
    else found.push([client, clock, len])
  }
  return found
}

export function byNumbers(a, b) {
  return a[0] - b[0] || a[1] - b[1]
}

/** Everything a reader can see. */
export function content(doc) {
  const marked = (type) => type instanceof Y.XmlText
    ? type.toDelta()
    : { name: type.nodeName, attributes: type.getAttributes?.(), children: type.toArray().map(marked) }
  return { text: doc.getText('text').toDelta(), page: marked(doc.getXmlFragment('default')), map: doc.getMap('meta').toJSON() }
}
