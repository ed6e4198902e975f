// Keeps what we look at where it is when others edit. CodeMirror holds the first visible line, but follows the end
// when it is scrolled there, which is where the text of others grows, and loses part of a pixel with each edit. So
// after it has measured, in the same frame, the line is put back exactly.
import { EditorState, EditorView, ViewPlugin, ySyncAnnotation } from '../../../vendor/text.js'

/** What scrolls on somebody's behalf. */
const INPUTS = /** @type {const} */ (['wheel', 'touchmove', 'pointerdown', 'keydown'])

/** An editor extension. */
export function holdScroll() {
  /** @type {Holder | null} */
  let holder = null
  return [
    ViewPlugin.define(view => (holder = new Holder(view))),
    EditorState.transactionExtender.of(transaction => {
      if (transaction.docChanged && transaction.annotation(ySyncAnnotation)) holder?.note()
      return null
    }),
    // Listeners run after the view asked for its measuring, so that a frame asked for here comes after it.
    EditorView.updateListener.of(update => holder?.follow(update)),
  ]
}

class Holder {
  /** The first wholly visible line and its distance from the edge, from the first of others' edits until we scroll. @type {{ pos: number, top: number } | null} */
  held = null
  scrolled = 0
  /** Whether somebody used wheel, finger, pointer or keys since. CodeMirror scrolls too, to keep its place, and says so only later. */
  isOurs = false
  /** @type {number | undefined} */
  frame

  /** @param {EditorView} view */
  constructor(view) {
    this.view = view
    this.window = view.dom.ownerDocument.defaultView ?? window
    this.onScroll = () => this.scroll()
    this.onInput = () => void (this.isOurs = true)
    view.scrollDOM.addEventListener('scroll', this.onScroll, { passive: true })
    for (const input of INPUTS) view.dom.addEventListener(input, this.onInput, { passive: true, capture: true })
  }

  destroy() {
    this.view.scrollDOM.removeEventListener('scroll', this.onScroll)
    for (const input of INPUTS) this.view.dom.removeEventListener(input, this.onInput, { capture: true })
    if (this.frame !== undefined) this.window.cancelAnimationFrame(this.frame)
  }

  /** Before others' edit: notes the place, unless one is held already. */
  note() {
    const { view } = this
    if (this.held || view.scrollDOM.scrollTop <= 0) return
    const edge = view.scrollDOM.getBoundingClientRect().top
    const first = view.lineBlockAtHeight(edge - view.documentTop)
    const pos = first.top + view.documentTop < edge && first.to < view.state.doc.length ? first.to + 1 : first.from
    this.held = { pos, top: this.distance(pos) }
    this.scrolled = view.scrollDOM.scrollTop
    this.isOurs = false
  }

  /** @param {import('../../../vendor/text.js').ViewUpdate} update */
  follow(update) {
    // A command may scroll, such as a jump to somebody: it knows where to.
    if (update.transactions.some(transaction => transaction.scrollIntoView || transaction.effects.length > 0)) this.held = null
    if (!update.docChanged) return
    const isTheirs = update.transactions.every(transaction => transaction.annotation(ySyncAnnotation))
    if (!isTheirs || !this.held) return void (this.held = null)
    this.held.pos = update.changes.mapPos(this.held.pos, 1)
    this.frame ??= this.window.requestAnimationFrame(() => this.correct())
  }

  correct() {
    this.frame = undefined
    const { scrollDOM } = this.view
    if (!this.held) return
    const drift = this.distance(this.held.pos) - this.held.top
    if (Math.abs(drift) >= 0.5) scrollDOM.scrollTop += drift
    this.scrolled = scrollDOM.scrollTop
  }

  /** Our own scrolling moves the held place along; when nothing waits, it ends it. */
  scroll() {
    if (!this.held) return
    const { scrollTop } = this.view.scrollDOM
    if (!this.isOurs) {
      if (Math.abs(this.distance(this.held.pos) - this.held.top) > 1) this.frame ??= this.window.requestAnimationFrame(() => this.correct())
    } else if (this.frame !== undefined) this.held.top -= scrollTop - this.scrolled
    else if (Math.abs(this.distance(this.held.pos) - this.held.top) > 1) this.held = null
    this.scrolled = scrollTop
  }

  /** From the edge to a line, in px. @param {number} pos */
  distance(pos) {
    const { view } = this
    const top = view.coordsAtPos(pos, 1)?.top ?? view.lineBlockAt(pos).top + view.documentTop
    return top - view.scrollDOM.getBoundingClientRect().top
  }
}
