// A small surface that floats at a place of the text: menus, the bubble at a selection, forms for an address.
// It follows its place when the text scrolls or changes, and stays inside the window. Knows no contents.

/** Space between the surface and the text, and to the window's edges, in px. */
const GAP = 8

/** @typedef {{ left: number, right: number, top: number, bottom: number }} Place */

export class Float {
  /** @type {(() => Place | null) | null} */
  #place = null
  /** @type {number | undefined} */
  #frame

  /** @param {HTMLElement} parent @param {string} className @param {'above' | 'below'} side where it stands if there is room */
  constructor(parent, className, side) {
    this.side = side
    this.element = document.createElement('div')
    this.element.className = `float ${className}`
    this.element.hidden = true
    parent.append(this.element)
    this.onMove = () => this.moveSoon()
    addEventListener('scroll', this.onMove, { capture: true, passive: true })
    addEventListener('resize', this.onMove)
  }

  get isOpen() {
    return this.#place !== null
  }

  /** @param {() => Place | null} place where the text is now; null when it is out of sight */
  open(place) {
    this.#place = place
    this.element.hidden = false
    this.move()
  }

  close() {
    this.#place = null
    this.element.hidden = true
  }

  /** After the text changed or scrolled. */
  moveSoon() {
    if (!this.#place) return
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined
      this.move()
    })
  }

  move() {
    const place = this.#place?.()
    const { element } = this
    element.style.visibility = place ? 'visible' : 'hidden'
    if (!place) return
    const { width, height } = element.getBoundingClientRect()
    const above = place.top - GAP - height
    const below = place.bottom + GAP
    const fitsBelow = below + height <= innerHeight - GAP
    const top = this.side === 'above' ? (above >= GAP ? above : below) : fitsBelow || above < GAP ? below : above
    element.style.top = `${Math.round(Math.max(GAP, Math.min(top, innerHeight - height - GAP)))}px`
    const wanted = this.side === 'above' ? (place.left + place.right - width) / 2 : place.left
    element.style.left = `${Math.round(Math.max(GAP, Math.min(wanted, innerWidth - width - GAP)))}px`
  }

  destroy() {
    removeEventListener('scroll', this.onMove, { capture: true })
    removeEventListener('resize', this.onMove)
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
    this.element.remove()
  }
}

/** Where a stretch of the text is in the window; null when the text around has scrolled it away. @param {import('../../../vendor/rich.js').Editor['view']} view @param {number} from @param {number} to @param {Element} scroller @returns {Place | null} */
export function placeOf(view, from, to, scroller) {
  if (view.isDestroyed) return null
  const size = view.state.doc.content.size
  const start = view.coordsAtPos(Math.min(from, size))
  const end = from === to ? start : view.coordsAtPos(Math.min(to, size), -1)
  const { top, bottom } = scroller.getBoundingClientRect()
  if (end.bottom < top || start.top > bottom) return null
  const isOneLine = Math.abs(start.top - end.top) < 4
  return { left: isOneLine ? start.left : Math.min(start.left, end.left), right: isOneLine ? end.right : Math.max(start.right, end.right), top: start.top, bottom: end.bottom }
}
