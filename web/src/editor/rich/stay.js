// Keeps what a person looks at where it is while others edit: the line of their caret, or the first block in
// sight. Measured before the first remote edit of a frame and made good before that frame is painted.
import { Extension, ySyncPluginKey } from '../../../vendor/rich.js'
import { scrollerOf } from './carets.js'

/** @typedef {import('../../../vendor/rich.js').Editor} Editor */
/** @typedef {Editor['view']} EditorView */

export const StayInPlace = Extension.create({
  name: 'stayInPlace',
  addStorage: () => ({ stay: /** @type {Stay | null} */ (null) }),
  onCreate() {
    this.storage.stay = new Stay(this.editor.view)
  },
  dispatchTransaction({ transaction, next }) {
    const { stay } = this.storage
    const isRemote = transaction.getMeta(ySyncPluginKey)?.isChangeOrigin
    if (transaction.docChanged && isRemote && !transaction.getMeta(ySyncPluginKey).isUndoRedoOperation) stay?.begin()
    // The person's own acts may scroll.
    else if (transaction.docChanged || transaction.selectionSet || transaction.scrolledIntoView) stay?.forget()
    next(transaction)
  },
})

class Stay {
  /** What to keep in place, and where it was. @type {{ top: number, scroll: number, now: () => number | null } | null} */
  #anchor = null
  #isDue = false

  /** @param {EditorView} view */
  constructor(view) {
    this.view = view
    this.scroller = scrollerOf(view.dom)
  }

  begin() {
    if (this.#isDue || this.view.isDestroyed) return
    const now = this.#caret() ?? this.#block()
    const top = now?.() ?? null
    if (!now || top === null) return
    this.#isDue = true
    this.#anchor = { top, scroll: this.scroller.scrollTop, now }
    // The browser's own way knows no carets, and both together would correct twice.
    this.#native('none')
    requestAnimationFrame(() => this.#settle())
  }

  forget() {
    this.#anchor = null
  }

  #settle() {
    this.#isDue = false
    const anchor = this.#anchor
    this.#anchor = null
    const top = this.view.isDestroyed || !anchor ? null : anchor.now()
    if (anchor && top !== null) {
      // What the person scrolled meanwhile stays scrolled.
      const shift = top - anchor.top + this.scroller.scrollTop - anchor.scroll
      if (Math.abs(shift) >= 1) this.scroller.scrollTop += shift
    }
    this.#native('')
  }

  /** @param {string} anchoring */
  #native(anchoring) {
    if (this.scroller instanceof HTMLElement) this.scroller.style.setProperty('overflow-anchor', anchoring)
  }

  /** The caret's line, when it has the focus and is in sight. */
  #caret() {
    const { view } = this
    if (!view.hasFocus()) return null
    const now = () => view.coordsAtPos(view.state.selection.head).top
    const { top, bottom } = this.scroller.getBoundingClientRect()
    const at = now()
    return at >= top && at <= bottom ? now : null
  }

  /** The first block in sight that is still there afterwards. Who reads the very beginning sees what is put there. */
  #block() {
    if (this.scroller.scrollTop <= 0) return null
    const { top } = this.scroller.getBoundingClientRect()
    const first = firstBelow([...this.view.dom.children], top)
    if (first.length === 0) return null
    const tops = first.map(block => block.getBoundingClientRect().top)
    return () => {
      const kept = first.findIndex(block => block.isConnected)
      return kept < 0 ? null : first[kept].getBoundingClientRect().top - tops[kept] + tops[0]
    }
  }
}

/** A few blocks from the first that ends below a line on. Blocks follow each other downwards. @param {Element[]} blocks @param {number} line */
function firstBelow(blocks, line) {
  let low = 0
  let high = blocks.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (blocks[middle].getBoundingClientRect().bottom > line) high = middle
    else low = middle + 1
  }
  return blocks.slice(low, low + 4)
}
