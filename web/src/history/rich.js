// A rich document at any moment as a tree, with who wrote what; and what became of each part between two moments. A block is
// the same tree for as long as no row touches it: its `key` tells.
import { NODE, firstAbove } from './columns.js'
import { isAlive, stateOf } from './moment.js'

/** @typedef {import('./moment.js').Shown} Shown */
/** @typedef {import('./moment.js').State} State */
/** @typedef {{ state: State, author: number }} Fate */
/** @typedef {{ type: 'text', text: string, marks: Record<string, any> } & Fate} TextNode */
/** @typedef {{ type: 'element', name: string, attributes: Record<string, any>, content: RichNode[] } & Fate} ElementNode */
/** @typedef {TextNode | ElementNode} RichNode */

export class RichPast {
  #columns
  #authors

  /** @param {Pick<import('./columns.js').Index, 'authors'> & { rich: import('./columns.js').RichColumns }} index */
  constructor({ rich, authors }) {
    this.#columns = rich
    this.#authors = authors
  }

  /** The blocks to be seen, in order. @param {Shown} shown @returns {{ block: number, id: string, key: string }[]} */
  blocks(shown) {
    const { blocks, ids, born, died } = this.#columns
    const found = []
    for (let block = 0; block < blocks.length; block += 1) {
      const at = blocks[block]
      if (stateOf(born[at], died[at], shown) === null) continue
      const key = shown.base === null ? `${this.#slot(block, shown.at)}` : `${this.#slot(block, shown.base)}-${this.#slot(block, shown.at)}`
      found.push({ block, id: ids[block], key })
    }
    return found
  }

  /** How many rows had touched a block. @param {number} block @param {number} row */
  #slot(block, row) {
    const { events, eventsFrom } = this.#columns
    return firstAbove(events, row, eventsFrom[block], eventsFrom[block + 1]) - eventsFrom[block]
  }

  /** @param {number} block @param {Shown} shown @returns {RichNode[]} */
  nodes(block, shown) {
    /** @type {RichNode[]} */
    const out = []
    this.#node(this.#columns.blocks[block], shown, out)
    return out
  }

  /** @param {number} at @param {Shown} shown @param {RichNode[]} out */
  #node(at, shown, out) {
    const { kind, born, died, end, names, label } = this.#columns
    const state = stateOf(born[at], died[at], shown)
    if (state === null) return
    if (kind[at] === NODE.text) return this.#text(at, shown, out)
    const { attributes, changedBy } = this.#attributes(at, shown, state)
    /** @type {RichNode[]} */
    const content = []
    for (let child = at + 1; child < end[at]; child = end[child]) this.#node(child, shown, content)
    const fate = state === 'kept' && changedBy !== null ? { state: /** @type {State} */ ('changed'), author: changedBy } : { state, author: this.#authorOf(at, state) }
    out.push({ type: 'element', name: names[label[at]], attributes, content, ...fate })
  }

  /** @param {number} at @param {State} state */
  #authorOf(at, state) {
    const { born, died } = this.#columns
    return this.#authors[state === 'deleted' ? died[at] : born[at]]
  }

  /** @param {number} at @param {Shown} shown @param {State} state */
  #attributes(at, shown, state) {
    const { attributes: all, attributeBorn: born, attributeDied: died, first, size } = this.#columns
    /** @type {Record<string, any>} */
    const attributes = {}
    let changedAt = -1
    for (let index = first[at]; index < first[at] + size[at]; index += 1) {
      const isNow = isAlive(born[index], died[index], shown.at)
      const wasThen = shown.base !== null && isAlive(born[index], died[index], shown.base)
      if (state === 'deleted' ? wasThen : isNow) attributes[all[index].key] = all[index].value
      if (state === 'kept' && shown.base !== null && isNow !== wasThen) changedAt = Math.max(changedAt, isNow ? born[index] : died[index])
    }
    return { attributes, changedBy: changedAt < 0 ? null : this.#authors[changedAt] }
  }

  /** @param {number} text @param {Shown} shown @param {RichNode[]} out */
  #text(text, shown, out) {
    const { kind, born, died, end, first, size, chars, formats } = this.#columns
    const now = new Marks()
    const then = new Marks()
    /** Rows that changed how text looks, by mark. @type {Map<string, number>} */
    const changes = new Map()
    for (let at = text + 1; at < end[text]; at += 1) {
      const isNow = isAlive(born[at], died[at], shown.at)
      const wasThen = shown.base !== null && isAlive(born[at], died[at], shown.base)
      if (!isNow && !wasThen) continue
      if (kind[at] === NODE.format) {
        const { key, value } = formats[first[at]]
        if (isNow) now.set(key, value)
        if (wasThen) then.set(key, value)
        if (shown.base !== null && isNow !== wasThen) changes.set(key, isNow ? born[at] : died[at])
        continue
      }
      const marks = isNow ? now.all : then.all
      const changed = isNow && wasThen && changes.size > 0 ? now.lastChange(then, changes) : -1
      const state = changed >= 0 ? 'changed' : shown.base === null || (isNow && wasThen) ? 'kept' : isNow ? 'inserted' : 'deleted'
      const author = changed >= 0 ? this.#authors[changed] : this.#authorOf(at, state)
      const part = chars.slice(first[at], first[at] + size[at])
      const before = out.at(-1)
      if (before?.type === 'text' && before.author === author && before.state === state && before.marks === marks) before.text += part
      else out.push({ type: 'text', text: part, marks, state, author })
    }
  }
}

/** The marks at a place of a text; the same object for as long as they are the same. */
class Marks {
  /** @type {Record<string, any>} */
  all = {}

  /** @param {string} key @param {any} value */
  set(key, value) {
    if (JSON.stringify(this.all[key] ?? null) === JSON.stringify(value)) return
    const { [key]: _before, ...rest } = this.all
    this.all = value === null ? rest : { ...rest, [key]: value }
  }

  /** The last row that made a mark another than it was; −1 if all are the same. @param {Marks} then @param {Map<string, number>} changes */
  lastChange(then, changes) {
    let last = -1
    for (const [key, row] of changes) {
      if (JSON.stringify(this.all[key] ?? null) !== JSON.stringify(then.all[key] ?? null)) last = Math.max(last, row)
    }
    return last
  }
}
