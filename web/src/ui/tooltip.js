// Names of controls that show only an icon: after a moment under the pointer, at once under the focus, with the
// shortcut. Controls say theirs with `data-tip` and `data-keys`; screen readers have it from the label already.
import { shortcutText } from './keys.js'

/** How long a pointer rests before, in ms. */
const REST = 450

/** Watches the whole page. @param {Event} [first] what happened before, and is answered too */
export function startTooltips(first) {
  const tip = document.createElement('div')
  tip.className = 'tooltip'
  tip.popover = 'manual'
  tip.ariaHidden = 'true'
  document.body.append(tip)
  /** @type {HTMLElement | null} */
  let owner = null
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer

  const hide = () => {
    clearTimeout(timer)
    owner = null
    if (tip.matches(':popover-open')) tip.hidePopover()
  }
  /** @param {Event} event @param {number} wait */
  const consider = (event, wait) => {
    const target = event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest('[data-tip]')) : null
    // The tip itself may be pointed at and stays.
    if (target === owner || (event.target instanceof Node && tip.contains(event.target))) return
    hide()
    if (!target || target.ariaExpanded === 'true') return
    owner = target
    timer = setTimeout(() => target.isConnected && show(tip, target), wait)
  }
  const onPointer = (/** @type {PointerEvent} */ event) => event.pointerType === 'mouse' && consider(event, REST)
  const onFocus = (/** @type {Event} */ event) => event.target instanceof Element && event.target.matches(':focus-visible') && consider(event, 0)
  document.addEventListener('pointerover', onPointer)
  document.addEventListener('focusin', onFocus)
  document.addEventListener('focusout', hide)
  document.addEventListener('pointerdown', hide)
  document.addEventListener('keydown', event => event.key === 'Escape' && hide())
  document.addEventListener('scroll', hide, { capture: true, passive: true })
  // The pointer may be elsewhere by now.
  if (first instanceof PointerEvent && first.target instanceof Element && first.target.matches(':hover')) onPointer(first)
  else if (first instanceof FocusEvent) onFocus(first)
}

/** @param {HTMLElement} tip @param {HTMLElement} at */
function show(tip, at) {
  const { tip: text = '', keys } = at.dataset
  tip.textContent = text
  if (keys) {
    const shortcut = document.createElement('kbd')
    shortcut.textContent = shortcutText(keys)
    tip.append(shortcut)
  }
  tip.showPopover()
  const anchor = at.getBoundingClientRect()
  const { width, height } = tip.getBoundingClientRect()
  const below = anchor.bottom + 1
  tip.style.left = `${Math.max(8, Math.min((anchor.left + anchor.right - width) / 2, innerWidth - width - 8))}px`
  tip.style.top = `${below + height < innerHeight - 4 ? below : anchor.top - 1 - height}px`
}
