// How code is indented: kept in the document (`meta.indent`), so that all who write it indent alike; where it does
// not say, as its lines do. Pure but for reading and writing `meta`.
import { Compartment, EditorState, EditorView, indentUnit } from '../../../../vendor/text.js'
import { ROOTS } from '../../../sync/meta.js'

export const SIZES = /** @type {const} */ ([2, 4, 8])
/** @typedef {{ size: 2 | 4 | 8, isTabs: boolean }} Indent */

/** How many lines are looked at. */
const LINES = 400

/** As stored: `spaces-2`, `tabs-4`. @param {Indent} indent */
export const writeIndent = ({ size, isTabs }) => `${isTabs ? 'tabs' : 'spaces'}-${size}`

/** Null for what is no indent. @param {unknown} stored @returns {Indent | null} */
export function readIndent(stored) {
  const match = typeof stored === 'string' ? stored.match(/^(tabs|spaces)-([248])$/) : null
  return match && { isTabs: match[1] === 'tabs', size: /** @type {2 | 4 | 8} */ (Number(match[2])) }
}

/** What most indented lines have. @param {import('../extension.js').Text} doc @returns {Indent} */
export function guessIndent(doc) {
  let tabs = 0
  let spaces = 0
  /** @type {Record<number, number>} */
  const steps = { 2: 0, 4: 0, 8: 0 }
  let previous = 0
  for (const lines = doc.iterLines(1, Math.min(doc.lines, LINES) + 1); !lines.next().done; ) {
    const [, indent] = lines.value.match(/^([ \t]*)\S/) ?? []
    if (indent === undefined) continue
    if (indent.startsWith('\t')) tabs++
    else if (indent.length > 0) {
      spaces++
      const step = Math.abs(indent.length - previous)
      if (step in steps) steps[step]++
    }
    previous = indent.length
  }
  if (tabs > spaces) return { size: 4, isTabs: true }
  const size = SIZES.reduce((best, size) => (steps[size] > steps[best] ? size : best))
  return { size, isTabs: false }
}

/** @param {import('../../../../vendor/core.js').Y.Doc} doc @param {import('../extension.js').Text} text @returns {Indent} */
export function indentOf(doc, text) {
  return readIndent(doc.getMap(ROOTS.meta).get('indent')) ?? guessIndent(text)
}

/** @param {import('../../../../vendor/core.js').Y.Doc} doc @param {Indent} indent */
export function chooseIndent(doc, indent) {
  const meta = doc.getMap(ROOTS.meta)
  const wanted = writeIndent(indent)
  if (meta.get('indent') !== wanted) meta.set('indent', wanted)
}

/** @param {import('../../../../vendor/core.js').Y.Doc} doc @param {() => void} onChanged */
export function followIndent(doc, onChanged) {
  const compartment = new Compartment()
  const meta = doc.getMap(ROOTS.meta)
  let look = () => {}
  // The first words of an empty text, often pasted, say how it is indented.
  const first = EditorView.updateListener.of(update => update.docChanged && update.startState.doc.length === 0 && look())
  return {
    extension: [compartment.of([]), first],
    /** @param {import('@codemirror/view').EditorView} view */
    start(view) {
      let shown = ''
      let isStopped = false
      const follow = () => {
        if (isStopped) return
        const indent = indentOf(doc, view.state.doc)
        if (writeIndent(indent) === shown) return
        shown = writeIndent(indent)
        const unit = indent.isTabs ? '\t' : ' '.repeat(indent.size)
        view.dispatch({ effects: compartment.reconfigure([indentUnit.of(unit), EditorState.tabSize.of(indent.size)]) })
        onChanged()
      }
      // Never at once: `meta` may change in the same transaction as the text, inside the editor's own update.
      const observe = (look = () => queueMicrotask(follow))
      meta.observe(observe)
      follow()
      return () => {
        isStopped = true
        meta.unobserve(observe)
      }
    },
  }
}
