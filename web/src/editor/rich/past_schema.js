// The schema of rich documents with what only their past has: who wrote what, and what became of it. Nothing of it is ever
// written into a document.
import { Extension, Mark, Plugin, PluginKey, Decoration, DecorationSet } from '../../../vendor/rich.js'
import { schemaExtensions } from './schema.js'
import { TableFrame } from './table_nodes.js'

/** @typedef {import('../contract.js').AuthorLook} AuthorLook */
/** @typedef {import('../../history/rich.js').Fate} Fate */

const TAGS = { kept: 'span', inserted: 'ins', deleted: 'del', changed: 'span' }

/** Classes of a part, by author and fate. @param {Fate} fate @param {AuthorLook} look */
export const classesOf = ({ state, author }, { hue }) => `by by-${author} hue-${hue} is-${state}`

/** @param {(author: number) => AuthorLook} lookOf @param {() => boolean} isCompared whether there is something to tell */
export function pastExtensions(lookOf, isCompared) {
  const By = Mark.create({
    name: 'by',
    excludes: '',
    addAttributes: () => ({ author: { default: 0 }, state: { default: 'kept' } }),
    renderHTML({ mark }) {
      const fate = /** @type {Fate} */ (mark.attrs)
      const look = lookOf(fate.author)
      return [TAGS[fate.state], { class: classesOf(fate, look), title: look.name }, 0]
    },
  })
  const own = schemaExtensions().map(extension => (extension.name === 'codeBlock' ? /** @type {any} */ (extension).extend({ marks: 'by' }) : extension))
  const nodes = own.filter(({ type, name }) => type === 'node' && !['doc', 'text'].includes(name)).map(({ name }) => name)
  const Fates = Extension.create({
    name: 'fates',
    addGlobalAttributes: () => [{ types: nodes, attributes: { fate: { default: null, rendered: false } } }],
  })
  return [...own, By, Fates, frames(lookOf, isCompared)]
}

/** Which change is looked at: places in the document. @type {PluginKey<{ from: number, to: number } | null>} */
export const looked = new PluginKey('looked')

/** Tables in their frames, and blocks that came or went. @param {(author: number) => AuthorLook} lookOf @param {() => boolean} isCompared */
function frames(lookOf, isCompared) {
  return Extension.create({
    name: 'frames',
    addProseMirrorPlugins: () => [
      new Plugin({
        key: looked,
        state: {
          init: () => null,
          apply: (transaction, before) => (transaction.getMeta(looked) === undefined ? (transaction.docChanged ? null : before) : transaction.getMeta(looked)),
        },
        props: {
          nodeViews: { table: node => new TableFrame(node) },
          decorations(state) {
            /** @type {Decoration[]} */
            const found = []
            if (isCompared()) state.doc.descendants((node, at) => {
              const fate = /** @type {Fate | null} */ (node.attrs.fate)
              if (fate) found.push(Decoration.node(at, at + node.nodeSize, { class: `block-${fate.state} ${classesOf(fate, lookOf(fate.author))}` }))
              // What is in a block that came or went came or went with it.
              return !node.isTextblock && (!fate || fate.state === 'changed')
            })
            const here = looked.getState(state)
            if (here) found.push(Decoration.inline(here.from, here.to, { class: 'is-looked' }), ...wholeBlock(state.doc, here))
            return found.length > 0 ? DecorationSet.create(state.doc, found) : null
          },
        },
      }),
    ],
  })
}

/** @param {import('../../../vendor/rich.js').ProseMirrorNode} doc @param {{ from: number, to: number }} place */
function wholeBlock(doc, { from, to }) {
  return doc.nodeAt(from)?.nodeSize === to - from && doc.nodeAt(from)?.isBlock ? [Decoration.node(from, to, { class: 'is-looked' })] : []
}
