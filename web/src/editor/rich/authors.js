// Colours of authors in a rich document that is edited: decorations over what the document's clock values say. Where the view
// holds something else than the document, it is left without.
import { Decoration, DecorationSet, Plugin, PluginKey } from '../../../vendor/rich.js'
import { Y } from '../../../vendor/core.js'
import { COLOURED_AFTER, authorRuns } from '../author_runs.js'

/** @typedef {import('../contract.js').WriterOf} WriterOf */
/** @typedef {import('../../../vendor/rich.js').ProseMirrorNode} Node */

/** @type {PluginKey<DecorationSet>} */
const key = new PluginKey('authors')

/** @param {import('../../../vendor/rich.js').Editor} editor @param {Y.XmlFragment} fragment @param {WriterOf | null} writerOf */
export function showAuthors(editor, fragment, writerOf) {
  editor.unregisterPlugin(key)
  if (writerOf) editor.registerPlugin(colours(fragment, writerOf))
}

/** @param {Y.XmlFragment} fragment @param {WriterOf} writerOf */
function colours(fragment, writerOf) {
  const draw = (/** @type {Node} */ doc) => {
    /** @type {Decoration[]} */
    const found = []
    colour(fragment, doc, 0, writerOf, found)
    return DecorationSet.create(doc, found)
  }
  return new Plugin({
    key,
    state: {
      init: (_config, { doc }) => draw(doc),
      apply: (transaction, before) => (transaction.getMeta(key) ? draw(transaction.doc) : before.map(transaction.mapping, transaction.doc)),
    },
    props: { decorations: state => key.getState(state) },
    view: view => {
      /** @type {ReturnType<typeof setTimeout> | undefined} */
      let timer
      const drawSoon = () => {
        clearTimeout(timer)
        timer = setTimeout(() => view.dispatch(view.state.tr.setMeta(key, true).setMeta('addToHistory', false)), COLOURED_AFTER)
      }
      return {
        update: (_view, before) => void (before.doc !== view.state.doc && drawSoon()),
        destroy: () => clearTimeout(timer),
      }
    },
  })
}

/** @param {Y.XmlFragment} parent @param {Node} node @param {number} start of the node's content @param {WriterOf} writerOf @param {Decoration[]} found @returns {void} */
function colour(parent, node, start, writerOf, found) {
  let at = start
  for (const child of parent.toArray()) {
    if (child instanceof Y.XmlText) {
      const here = at
      at += authorRuns(child, writerOf, (from, to, { hue, name }) => found.push(Decoration.inline(here + from, here + to, { class: `by-live hue-${hue}`, title: name })))
    } else if (child instanceof Y.XmlElement) {
      const shown = node.childAfter(at - start).node
      if (shown?.type.name !== child.nodeName) return
      if (!shown.isLeaf) colour(child, shown, at + 1, writerOf, found)
      at += shown.nodeSize
    }
  }
}
