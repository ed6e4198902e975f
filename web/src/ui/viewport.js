// Where a phone's on-screen keyboard is, for the style sheet: `--keyboard` is its height, `--pan` how far the
// browser moved the page to show the caret. Both stay 0 where the keyboard makes the window smaller itself.

/** Follows the visible part of the window. */
export function followKeyboard() {
  const view = globalThis.visualViewport
  if (!view) return
  const root = document.documentElement
  const update = () => {
    // Pinch zoom makes the visible part smaller as well, and is no keyboard.
    const hidden = view.scale > 1.01 ? 0 : Math.max(0, Math.round(innerHeight - view.height))
    root.style.setProperty('--keyboard', `${hidden}px`)
    root.style.setProperty('--pan', `${hidden ? Math.round(view.offsetTop) : 0}px`)
  }
  view.addEventListener('resize', update)
  view.addEventListener('scroll', update)
}
