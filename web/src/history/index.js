// Writes a past down as columns: pieces of text, or nodes of a tree, each with the row it was born with and the row it died
// with. The document after row k is what has `born <= k < died`. Columns travel from the worker to the page as they are.
import { Y } from '../../vendor/core.js'
import { ROOTS, readMeta } from '../sync/meta.js'
import { NEVER, NODE } from './columns.js'

/** @typedef {import('./past.js').Past} Past */
/** @typedef {import('./columns.js').Index} Index */
/** @typedef {import('./columns.js').TextColumns} TextColumns */
/** @typedef {import('./columns.js').RichColumns} RichColumns */
/** @typedef {import('./columns.js').ClientColumns} ClientColumns */

/** @param {Past} past @returns {Index} */
export function indexOf(past) {
  const { kind, lang, title } = readMeta(past.doc)
  const isRich = kind === null || kind === 'rich'
  return {
    epoch: past.epoch,
    last: past.last,
    floor: past.floor,
    kind: kind ?? 'rich',
    lang,
    title,
    users: past.users,
    seqs: Float64Array.from(past.seqs),
    times: Float64Array.from(past.times),
    authors: Uint32Array.from(past.authors),
    inserted: Uint32Array.from(past.inserted),
    deleted: Uint32Array.from(past.deleted),
    clients: clientColumns(past),
    text: isRich ? null : textColumns(past),
    rich: isRich ? richColumns(past) : null,
  }
}

/** @param {Past} past @returns {ClientColumns} */
function clientColumns({ clients }) {
  const from = new Uint32Array(clients.size + 1)
  let index = 0
  for (const { ends } of clients.values()) from[index + 1] = from[index++] + ends.length
  const ends = new Uint32Array(from[index])
  const rows = new Uint32Array(from[index])
  index = 0
  for (const client of clients.values()) {
    ends.set(client.ends, from[index])
    rows.set(client.rows, from[index++])
  }
  return { ids: Float64Array.from(clients.keys()), from, ends, rows }
}

/** @param {Past} past @returns {TextColumns} */
function textColumns(past) {
  /** @type {number[]} */
  const starts = []
  /** @type {number[]} */
  const born = []
  /** @type {number[]} */
  const died = []
  const chars = new Chars()
  for (let item = past.doc.getText(ROOTS.text)._start; item; item = item.right) {
    const { content } = item
    if (!(content instanceof Y.ContentString)) continue
    past.spans(item, (from, to, birth, death) => {
      const before = born.length - 1
      if (birth !== born[before] || death !== died[before]) {
        starts.push(chars.length)
        born.push(birth)
        died.push(death)
      }
      chars.add(content.str.slice(from, to))
    })
  }
  starts.push(chars.length)
  return { chars: chars.all(), starts: Uint32Array.from(starts), born: Uint32Array.from(born), died: Uint32Array.from(died) }
}

/** A long text out of many short ones. */
class Chars {
  length = 0
  /** @type {string[]} */
  #parts = []

  /** @param {string} part */
  add(part) {
    this.length += part.length
    this.#parts.push(part)
  }

  all() {
    return this.#parts.join('')
  }
}

/** @param {Past} past @returns {RichColumns} */
function richColumns(past) {
  const builder = new TreeBuilder(past)
  for (let item = past.doc.getXmlFragment(ROOTS.rich)._start; item; item = item.right) builder.block(item)
  return builder.columns()
}

class TreeBuilder {
  #past
  #chars = new Chars()
  /** @type {Map<string, number>} */
  #names = new Map()
  /** @type {Record<'kind' | 'born' | 'died' | 'end' | 'first' | 'size' | 'label', number[]>} */
  #nodes = { kind: [], born: [], died: [], end: [], first: [], size: [], label: [] }
  /** @type {{ key: string, value: any }[]} */
  #formats = []
  /** @type {{ key: string, value: any, born: number, died: number }[]} */
  #attributes = []
  /** @type {{ at: number, id: string }[]} */
  #blocks = []
  /** Sorted rows of each block. @type {Uint32Array[]} */
  #events = []
  /** @type {Set<number>} */
  #touched = new Set()

  /** @param {Past} past */
  constructor(past) {
    this.#past = past
  }

  /** @param {Y.Item} item */
  block(item) {
    this.#touched = new Set()
    const at = this.#nodes.kind.length
    this.#node(item)
    if (this.#nodes.kind.length === at) return
    this.#blocks.push({ at, id: `${item.id.client} ${item.id.clock}` })
    this.#events.push(Uint32Array.from(this.#touched).sort())
  }

  /** @param {Y.Item} item */
  #node(item) {
    const { content } = item
    if (content instanceof Y.ContentType && (content.type instanceof Y.XmlElement || content.type instanceof Y.XmlText)) this.#branch(item, content.type)
    else if (content instanceof Y.ContentString) this.#past.spans(item, (from, to, born, died) => this.#string(content.str.slice(from, to), born, died))
    else if (content instanceof Y.ContentFormat) {
      const { key, value } = content
      this.#past.spans(item, (_from, _to, born, died) => this.#add(NODE.format, born, died, this.#formats.push({ key, value }) - 1, 1))
    }
  }

  /** @param {Y.Item} item @param {Y.XmlElement | Y.XmlText} type */
  #branch(item, type) {
    this.#past.spans(item, (_from, _to, born, died) => {
      const isElement = type instanceof Y.XmlElement
      const first = this.#attributes.length
      if (isElement) for (const last of type._map.values()) this.#attribute(last)
      const at = this.#add(isElement ? NODE.element : NODE.text, born, died, first, this.#attributes.length - first, isElement ? this.#nameOf(type.nodeName) : 0)
      for (let child = type._start; child; child = child.right) this.#node(child)
      this.#nodes.end[at] = this.#nodes.kind.length
    })
  }

  /** All values that an attribute ever had. @param {Y.Item} last */
  #attribute(last) {
    for (let item = /** @type {Y.Item | null} */ (last); item; item = item.left) {
      const { content, parentSub } = item
      if (!(content instanceof Y.ContentAny)) continue
      this.#past.spans(item, (_from, to, born, died) => {
        this.#attributes.push({ key: String(parentSub), value: content.arr[to - 1], born, died })
        this.#touch(born, died)
      })
    }
  }

  /** @param {string} text @param {number} born @param {number} died */
  #string(text, born, died) {
    const at = this.#nodes.kind.length - 1
    this.#chars.add(text)
    const { kind, size } = this.#nodes
    if (kind[at] === NODE.string && this.#nodes.born[at] === born && this.#nodes.died[at] === died) size[at] += text.length
    else this.#add(NODE.string, born, died, this.#chars.length - text.length, text.length)
  }

  /** @param {number} kind @param {number} born @param {number} died @param {number} first @param {number} size @param {number} [label] */
  #add(kind, born, died, first, size, label = 0) {
    this.#touch(born, died)
    const row = { kind, born, died, first, size, label, end: this.#nodes.kind.length + 1 }
    for (const [name, value] of Object.entries(row)) this.#nodes[/** @type {'kind'} */ (name)].push(value)
    return this.#nodes.kind.length - 1
  }

  /** @param {number} born @param {number} died */
  #touch(born, died) {
    this.#touched.add(born)
    if (died !== NEVER) this.#touched.add(died)
  }

  /** @param {string} name */
  #nameOf(name) {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    this.#names.set(name, this.#names.size)
    return this.#names.size - 1
  }

  /** @returns {RichColumns} */
  columns() {
    const { kind, ...rest } = this.#nodes
    const columns = /** @type {Record<'born' | 'died' | 'end' | 'first' | 'size' | 'label', Uint32Array>} */ (Object.fromEntries(Object.entries(rest).map(([name, values]) => [name, Uint32Array.from(values)])))
    const eventsFrom = new Uint32Array(this.#events.length + 1)
    this.#events.forEach((events, block) => (eventsFrom[block + 1] = eventsFrom[block] + events.length))
    const events = new Uint32Array(eventsFrom[this.#events.length])
    this.#events.forEach((some, block) => events.set(some, eventsFrom[block]))
    return {
      kind: Uint8Array.from(kind),
      ...columns,
      names: [...this.#names.keys()],
      chars: this.#chars.all(),
      formats: this.#formats,
      attributes: this.#attributes.map(({ key, value }) => ({ key, value })),
      attributeBorn: Uint32Array.from(this.#attributes, ({ born }) => born),
      attributeDied: Uint32Array.from(this.#attributes, ({ died }) => died),
      blocks: Uint32Array.from(this.#blocks, ({ at }) => at),
      ids: this.#blocks.map(({ id }) => id),
      events,
      eventsFrom,
    }
  }
}
