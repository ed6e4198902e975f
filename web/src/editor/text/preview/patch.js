// Brings rendered HTML into an element by exchanging only what differs, so that a selection, a loaded image or a
// focused box in the rest stays. Remembers the source line of each block. Knows nothing of Markdown.

/** The line of a block within its chunk, from 0. @type {WeakMap<Element, number>} */
const lines = new WeakMap()

/** @param {Element} element */
export const lineWithin = element => lines.get(element) ?? 0

/** Blocks with lines, in order. @param {Element} chunk @returns {Element[]} */
export const blocksOf = chunk => [...chunk.querySelectorAll('[data-l]:not(input)')]

/** @param {HTMLElement} element @param {string} html that was made safe */
export function patch(element, html) {
  const template = element.ownerDocument.createElement('template')
  template.innerHTML = html
  for (const block of template.content.querySelectorAll('[data-l]')) {
    lines.set(block, Number(block.getAttribute('data-l')))
    // Compared without its line, a block that only moved is the same block.
    block.setAttribute('data-l', '')
  }
  const focused = element.contains(element.ownerDocument.activeElement) ? element.ownerDocument.activeElement : null
  const boxes = [...element.querySelectorAll('input')]
  const place = focused ? boxes.indexOf(/** @type {HTMLInputElement} */ (focused)) : -1
  exchange(element, template.content)
  if (focused && !focused.isConnected && place >= 0) element.querySelectorAll('input')[place]?.focus({ preventScroll: true })
}

/** @param {Element} old @param {Element | DocumentFragment} fresh */
function exchange(old, fresh) {
  const before = [...old.childNodes]
  const after = [...fresh.childNodes]
  let start = 0
  while (start < before.length && start < after.length && isSame(before[start], after[start])) start++
  let end = 0
  while (end < before.length - start && end < after.length - start && isSame(before[before.length - 1 - end], after[after.length - 1 - end])) end++
  const gone = before.slice(start, before.length - end)
  const come = after.slice(start, after.length - end)
  if (gone.length === 1 && come.length === 1 && isLike(gone[0], come[0])) {
    const [kept, wanted] = /** @type {[Element, Element]} */ ([gone[0], come[0]])
    lines.set(kept, lineWithin(wanted))
    return exchange(kept, wanted)
  }
  const next = before[before.length - end] ?? null
  for (const node of gone) node.remove()
  for (const node of come) old.insertBefore(node, next)
}

/** Equal, in which case the old one takes over the new lines. @param {Node} old @param {Node} fresh */
function isSame(old, fresh) {
  if (!old.isEqualNode(fresh)) return false
  if (old instanceof Element && fresh instanceof Element) {
    if (fresh.hasAttribute('data-l')) lines.set(old, lineWithin(fresh))
    const olds = old.querySelectorAll('[data-l]')
    fresh.querySelectorAll('[data-l]').forEach((block, index) => lines.set(olds[index], lineWithin(block)))
  }
  return true
}

/** Containers of the same kind, whose children can be compared. @param {Node} old @param {Node} fresh */
function isLike(old, fresh) {
  const isContainer = old instanceof Element && fresh instanceof Element && ['UL', 'OL', 'LI', 'BLOCKQUOTE'].includes(old.tagName)
  return isContainer && old.tagName === fresh.tagName && old.cloneNode(false).isEqualNode(fresh.cloneNode(false))
}
