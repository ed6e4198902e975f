// Shows a rich document's past: makes nodes of what a moment holds, keeps those of blocks that no edit touched, and replaces
// only what differs. What the schema does not know is shown as its text. Knows no timeline.
import { Editor, Fragment, ProseMirrorMark, Slice } from '../../../vendor/rich.js'
import { t } from '../../i18n/index.js'
import '../../i18n/rich.js'
import { markName } from './gate.js'
import { looked, pastExtensions } from './past_schema.js'

/** @typedef {import('../../../vendor/rich.js').ProseMirrorNode} Node */
/** @typedef {import('../../history/rich.js').RichPast} RichPast */
/** @typedef {import('../../history/rich.js').RichNode} RichNode */
/** @typedef {import('../../history/rich.js').ElementNode} ElementNode */
/** @typedef {import('../contract.js').PastChange} PastChange */

/** How much of a change its list shows, in characters. */
const SNIPPET = 120

/** @param {HTMLElement} parent @param {import('../contract.js').PastContext} context @param {() => RichPast} read @returns {import('../contract.js').PastView} */
export function openPast(parent, context, read) {
  return new RichView(parent, context, read)
}

class RichView {
  #around = document.createElement('div')
  #scroller = document.createElement('div')
  #editor
  #read
  #past
  /** @type {Map<string, { key: string, nodes: Node[] }>} */
  #kept = new Map()
  /** Where the last change was. @type {number | null} */
  #place = null
  #isCompared = false

  /** @param {HTMLElement} parent @param {import('../contract.js').PastContext} context @param {() => RichPast} read */
  constructor(parent, { lookOf }, read) {
    this.#read = read
    this.#past = read()
    this.#around.className = 'rich is-past'
    this.#scroller.className = 'rich-scroll'
    this.#around.append(this.#scroller)
    parent.append(this.#around)
    this.#editor = new Editor({
      element: this.#scroller,
      injectCSS: false,
      editable: false,
      enableCoreExtensions: { delete: false },
      editorProps: { attributes: { role: 'document', 'aria-label': t('common.text'), tabindex: '0' } },
      extensions: pastExtensions(lookOf, () => this.#isCompared),
    })
    this.build = new NodeBuilder(this.#editor.schema)
  }

  update() {
    this.#past = this.#read()
  }

  /** @param {import('../../history/moment.js').Shown} shown */
  show(shown) {
    this.#isCompared = shown.base !== null
    const blocks = this.#past.blocks(shown).flatMap(({ block, id, key }) => {
      const known = this.#kept.get(id)
      if (known?.key === key) return known.nodes
      const nodes = this.build.blocks(this.#past.nodes(block, shown))
      this.#kept.set(id, { key, nodes })
      return nodes
    })
    const { schema, state, view } = this.#editor
    const next = blocks.length > 0 ? blocks : [schema.nodes.paragraph.create()]
    const { content } = state.doc
    const { head, tail, from, to } = difference(content.content, next)
    const changed = next.slice(head, next.length - tail)
    if (changed.length === 0 && from === to) return
    const ends = content.findDiffEnd(Fragment.fromArray(next))
    this.#place = ends ? Math.max(ends.b, from) : null
    view.dispatch(state.tr.replace(from, to, new Slice(Fragment.fromArray(changed), 0, 0)))
  }

  reveal() {
    if (this.#place === null) return
    const { top, bottom, height } = this.#scroller.getBoundingClientRect()
    const place = this.#editor.view.coordsAtPos(Math.min(this.#place, this.#editor.state.doc.content.size))
    if (place.top > top + 24 && place.bottom < bottom - 24) return
    this.#scroller.scrollBy({ top: place.top - top - height * 0.4, behavior: 'instant' })
  }

  changes() {
    /** @type {(PastChange & { from: number, to: number })[]} */
    const found = []
    if (!this.#isCompared) return found
    const add = (/** @type {any} */ fate, /** @type {number} */ from, /** @type {number} */ to, /** @type {string} */ text) => {
      const before = found.at(-1)
      const isSame = before && before.state === fate.state && before.author === fate.author && from - before.to <= 2
      if (isSame) Object.assign(before, { to, text: `${before.text} ${text}`.slice(0, SNIPPET) })
      else found.push({ state: fate.state, author: fate.author, text: text.slice(0, SNIPPET), from, to, go: () => this.#goTo(found[found.indexOf(entry)] ?? entry) })
      const entry = /** @type {typeof found[number]} */ (found.at(-1))
    }
    this.#editor.state.doc.descendants((node, at) => {
      const { fate } = node.attrs
      if (fate) add(fate, at, at + node.nodeSize, node.textBetween(0, node.content.size, ' '))
      if (fate && fate.state !== 'changed') return false
      const by = node.isText && node.marks.find(({ type }) => type.name === 'by')?.attrs
      if (by && by.state !== 'kept') add(by, at, at + node.nodeSize, node.text ?? '')
      return true
    })
    return found
  }

  /** @param {{ from: number, to: number }} change */
  #goTo({ from, to }) {
    const { view, state } = this.#editor
    view.dispatch(state.tr.setMeta(looked, { from, to }))
    this.#place = from
    const { top, height } = this.#scroller.getBoundingClientRect()
    this.#scroller.scrollBy({ top: view.coordsAtPos(Math.min(from + 1, state.doc.content.size)).top - top - height * 0.3, behavior: 'instant' })
  }

  destroy() {
    this.#editor.destroy()
    this.#around.remove()
  }
}

/**
 * How many blocks are the same at both ends, and the places between. Whole blocks are replaced: where a step cuts them open,
 * finding out how the ends fit takes longer than all else.
 * @param {readonly Node[]} before @param {Node[]} after
 */
function difference(before, after) {
  const most = Math.min(before.length, after.length)
  let head = 0
  let tail = 0
  while (head < most && before[head] === after[head]) head += 1
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1
  const size = (/** @type {readonly Node[]} */ nodes) => nodes.reduce((sum, { nodeSize }) => sum + nodeSize, 0)
  const from = size(before.slice(0, head))
  return { head, tail, from, to: from + size(before.slice(head, before.length - tail)) }
}

/** Makes ProseMirror's nodes of those of the past. */
class NodeBuilder {
  /** @type {Map<string, ProseMirrorMark>} */
  #authors = new Map()

  /** @param {Editor['schema']} schema */
  constructor(schema) {
    this.schema = schema
  }

  /** What can stand in a document by itself. @param {RichNode[]} nodes @returns {Node[]} */
  blocks(nodes) {
    return this.#fitting(this.schema.topNodeType, nodes.flatMap(node => this.#node(node)))
  }

  /** @param {RichNode} node @returns {Node[]} */
  #node(node) {
    if (node.type === 'text') return [this.schema.text(node.text, this.#marks(node))]
    const type = this.schema.nodes[node.name]
    const inside = node.content.flatMap(child => this.#node(child))
    // A node from another app leaves what is in it.
    if (!type || type.isText || type === this.schema.topNodeType) return inside
    const attributes = { ...node.attributes, fate: node.state === 'kept' ? null : { state: node.state, author: node.author } }
    const content = Fragment.fromArray(type.isLeaf ? [] : this.#fitting(type, inside))
    return [type.validContent(content) ? type.create(attributes, content) : (type.createAndFill(attributes, content) ?? type.create(attributes))]
  }

  /** Children in a form that a node can hold: text in paragraphs where blocks are wanted. @param {Editor['schema']['topNodeType']} type @param {Node[]} nodes @returns {Node[]} */
  #fitting(type, nodes) {
    if (type.inlineContent) return nodes.flatMap(node => (node.isInline ? [node] : [...node.content.content].filter(child => child.isInline)))
    return nodes.map(node => (node.isInline ? this.schema.nodes.paragraph.create(null, node) : node))
  }

  /** @param {import('../../history/rich.js').TextNode} node */
  #marks({ marks, author, state }) {
    const own = Object.entries(marks).flatMap(([key, value]) => {
      const type = this.schema.marks[markName(key)]
      return type && value !== null ? [type.create(typeof value === 'object' ? value : null)] : []
    })
    return ProseMirrorMark.setFrom([...own, this.#author(author, state)])
  }

  /** @param {number} author @param {string} state */
  #author(author, state) {
    const key = `${author} ${state}`
    const known = this.#authors.get(key) ?? this.schema.marks.by.create({ author, state })
    this.#authors.set(key, known)
    return known
  }
}
