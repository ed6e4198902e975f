// The line between two panes, which people move with a pointer or with arrow keys. It sets the custom property
// `--share` of its parent, in per cent.

const [LEAST, MOST, STEP] = [20, 80, 4]

/** @param {HTMLElement} parent @param {number} share @param {() => void} onMoved */
export function makeDivider(parent, share, onMoved) {
  const divider = parent.ownerDocument.createElement('div')
  divider.className = 'text-divider'
  divider.tabIndex = 0
  for (const [name, value] of Object.entries({ role: 'separator', 'aria-orientation': 'vertical', 'aria-valuemin': LEAST, 'aria-valuemax': MOST })) divider.setAttribute(name, String(value))
  parent.append(divider)
  const place = (/** @type {number} */ wanted) => {
    share = Math.round(Math.min(MOST, Math.max(LEAST, wanted)))
    parent.style.setProperty('--share', `${share}%`)
    divider.setAttribute('aria-valuenow', String(share))
  }
  place(share)
  const isRightToLeft = () => getComputedStyle(parent).direction === 'rtl'

  divider.addEventListener('pointerdown', event => {
    event.preventDefault()
    divider.setPointerCapture(event.pointerId)
  })
  divider.addEventListener('pointermove', event => {
    if (!divider.hasPointerCapture(event.pointerId)) return
    const { left, width } = parent.getBoundingClientRect()
    const part = ((event.clientX - left) / width) * 100
    place(isRightToLeft() ? 100 - part : part)
  })
  divider.addEventListener('pointerup', onMoved)
  divider.addEventListener('dblclick', () => {
    place(50)
    onMoved()
  })
  divider.addEventListener('keydown', event => {
    const forward = isRightToLeft() ? -STEP : STEP
    /** @type {Record<string, number>} */
    const places = { ArrowLeft: share - forward, ArrowRight: share + forward, Home: LEAST, End: MOST }
    if (!(event.key in places)) return
    event.preventDefault()
    place(places[event.key])
    onMoved()
  })
  return {
    share: () => share,
    label: (/** @type {string} */ label) => divider.setAttribute('aria-label', label),
  }
}
