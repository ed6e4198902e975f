// Three simulated people who write a document together in stock Yjs, with delays, undo and time offline; and what a plain
// replay of their raw updates shows at some moments. Seeded: the same number gives the same document.
import { Y } from '../../vendor/core.js'

/** @typedef {import('./pack_writer.mjs').Entry} Entry */

/** Numbers from 0 to 1, the same ones for the same seed. @param {number} seed */
export function random(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296
  }
}

const NAMES = ['Mia', 'Noor', 'Ole']
const WORDS = ['river', 'of', 'stone', 'quiet ', ' and', 'light', '🙂', 'ü', '\n', 'the harbour', 'x']

/**
 * @param {object} how
 * @param {'text' | 'rich'} how.kind
 * @param {number} how.seed
 * @param {number} how.edits
 * @returns {Entry[]} as a server got them
 */
export function typeTogether({ kind, seed, edits }) {
  const next = random(seed)
  /** @type {Entry[]} */
  const entries = []
  const people = NAMES.map((name, index) => {
    const doc = new Y.Doc()
    doc.clientID = 1000 + index
    const root = kind === 'text' ? doc.getText('text') : doc.getXmlFragment('default')
    return { name, doc, root, undo: new Y.UndoManager(root, { captureTimeout: 0 }), seen: 0, isOnline: true, unsent: /** @type {Uint8Array[]} */ ([]) }
  })
  let time = Date.UTC(2026, 0, 5, 9)
  const send = (/** @type {typeof people[number]} */ person) => {
    for (const update of person.unsent.splice(0)) {
      entries.push({ seq: (entries.at(-1)?.seq ?? 0) + (next() < 0.05 ? 2 : 1), time, author: { kind: 'claimed', id: person.name.toLowerCase(), name: person.name }, update })
    }
  }
  for (const person of people) person.doc.on('update', (/** @type {Uint8Array} */ update, /** @type {unknown} */ origin) => origin !== 'server' && person.unsent.push(update))
  const receive = (/** @type {typeof people[number]} */ person, /** @type {number} */ upTo) => {
    for (; person.seen < upTo; person.seen += 1) Y.applyUpdate(person.doc, entries[person.seen].update, 'server')
  }
  if (kind === 'rich') people[0].doc.getMap('meta').set('kind', 'rich')
  else people[0].doc.getMap('meta').set('kind', 'markdown')
  send(people[0])
  while (entries.length < edits) {
    const person = people[Math.floor(next() * people.length)]
    time += next() < 0.01 ? 900_000 : Math.floor(next() * 2000)
    if (next() < 0.02) person.isOnline = !person.isOnline
    if (person.isOnline) receive(person, person.seen + Math.floor(next() * (entries.length - person.seen + 1)))
    const act = next()
    if (act < 0.06) person.undo.undo()
    else if (act < 0.09) person.undo.redo()
    else person.doc.transact(() => (kind === 'text' ? editText(/** @type {Y.Text} */ (person.root), next) : editRich(/** @type {Y.XmlFragment} */ (person.root), next)))
    if (person.isOnline) send(person)
  }
  return entries.slice(0, edits)
}

/** A place between characters: no editor cuts one in two, and Yjs forgets both halves of one that is cut. @param {Y.Text} text @param {number} wanted */
function place(text, wanted) {
  const at = Math.min(Math.floor(wanted), text.length)
  const string = text.toDelta().map((/** @type {{ insert: string }} */ { insert }) => insert).join('')
  return /[\uDC00-\uDFFF]/.test(string[at] ?? '') ? at - 1 : at
}

/** @param {Y.Text} text @param {() => number} next */
function editText(text, next) {
  const at = place(text, next() * (text.length + 1))
  const length = place(text, at + 1 + next() * 12) - at
  if (next() < 0.3 && length > 0) text.delete(at, length)
  else text.insert(at, pick(WORDS, next))
}

/** @param {Y.XmlFragment} fragment @param {() => number} next */
function editRich(fragment, next) {
  const act = next()
  const texts = textsIn(fragment)
  if (texts.length < 3 || act < 0.06) return fragment.insert(Math.floor(next() * (fragment.length + 1)), [block(next)])
  const text = pick(texts, next)
  const at = place(text, next() * (text.length + 1))
  const length = place(text, at + 1 + next() * 8) - at
  if (act < 0.55) return text.insert(at, pick(WORDS, next), next() < 0.2 ? { bold: {} } : undefined)
  if (act < 0.7) return length > 0 && text.delete(at, length)
  if (act < 0.86) return length > 0 && text.format(at, length, pick([{ bold: {} }, { bold: null }, { italic: {} }, { italic: null }, { link: { href: 'https://example.org' } }, { 'highlight--abcdefgh': { color: 'red' } }], next))
  const index = Math.floor(next() * fragment.length)
  const element = /** @type {Y.XmlElement} */ (fragment.get(index))
  if (act < 0.92 && element.nodeName === 'heading') return element.setAttribute('level', /** @type {any} */ (1 + Math.floor(next() * 3)))
  if (act < 0.95) return element.insert(0, [new Y.XmlText('more ')])
  if (fragment.length > 4 && next() < 0.5) return fragment.delete(index, 1)
  if (element.nodeName === 'heading') element.removeAttribute('level')
  return undefined
}

/** @param {() => number} next */
function block(next) {
  const kind = next()
  if (kind < 0.5) return element('paragraph', {}, [new Y.XmlText('A new paragraph.')])
  if (kind < 0.7) return element('heading', { level: 2 }, [new Y.XmlText('Heading')])
  if (kind < 0.8) return element('horizontalRule', {}, [])
  const paragraph = () => element('paragraph', {}, [new Y.XmlText('cell')])
  if (kind < 0.9) return element('bulletList', {}, [0, 1].map(() => element('listItem', {}, [paragraph()])))
  return element('table', {}, [0, 1].map(() => element('tableRow', {}, [0, 1].map(() => element('tableCell', { colspan: 1, colwidth: [100] }, [paragraph()])))))
}

/** @param {string} name @param {Record<string, any>} attributes @param {(Y.XmlElement | Y.XmlText)[]} children */
function element(name, attributes, children) {
  const made = new Y.XmlElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.insert(0, children)
  return made
}

/** @param {Y.XmlFragment} parent @returns {Y.XmlText[]} */
function textsIn(parent) {
  return parent.toArray().flatMap(child => (child instanceof Y.XmlText ? [child] : child instanceof Y.XmlElement ? textsIn(child) : []))
}

/** @template T @param {T[]} list @param {() => number} next @returns {T} */
const pick = (list, next) => list[Math.floor(next() * list.length)]

/**
 * Keeps stock Yjs from tidying formats up behind an update of somebody else: what it deletes then is an edit of its own,
 * which a server does not make, and which may even change what is seen.
 * @param {Y.Transaction} transaction
 */
export function asWritten(transaction) {
  transaction.local = true
}

/**
 * What stock Yjs shows after each of some entries, and by whom each character was written.
 * @param {Entry[]} entries
 * @param {Set<number>} moments indexes of entries
 * @param {(at: number, doc: Y.Doc, authorOf: (item: Y.Item, offset: number) => string) => void} each
 */
export function replay(entries, moments, each) {
  const doc = new Y.Doc()
  doc.on('beforeObserverCalls', asWritten)
  /** @type {Map<string, string>} */
  const authors = new Map()
  entries.forEach(({ update, author }, at) => {
    for (const struct of Y.decodeUpdate(update).structs) {
      for (let offset = 0; offset < struct.length; offset += 1) {
        const key = `${struct.id.client} ${struct.id.clock + offset}`
        if (!authors.has(key)) authors.set(key, author.name)
      }
    }
    Y.applyUpdate(doc, update)
    if (moments.has(at)) each(at, doc, (item, offset) => authors.get(`${item.id.client} ${item.id.clock + offset}`) ?? 'nobody')
  })
}
