// Whether somebody is at this page: says `idle` in our presence after a minute without a key, a pointer or a
// scroll, and takes it back with the next one. Others read it, so nobody has to guess from a resting caret.

/** Without any sign of life for this long, in ms, a person is idle. */
export const IDLE_AFTER = 60_000

/** @param {import('./people.js').Awareness} awareness @param {EventTarget} [page] */
export function attend(awareness, page = globalThis) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  let restartedAt = -Infinity
  const say = (/** @type {boolean} */ isIdle) => {
    const state = awareness.getLocalState()
    if (state !== null && (state.idle ?? false) !== isIdle) awareness.setLocalStateField('idle', isIdle)
  }
  const alive = () => {
    const now = performance.now()
    if (now - restartedAt < 1000) return
    restartedAt = now
    clearTimeout(timer)
    timer = setTimeout(() => say(true), IDLE_AFTER)
    say(false)
  }
  const signs = ['keydown', 'pointermove', 'pointerdown', 'wheel', 'touchmove']
  for (const sign of signs) page.addEventListener(sign, alive, { passive: true, capture: true })
  alive()
  return () => {
    clearTimeout(timer)
    for (const sign of signs) page.removeEventListener(sign, alive, { capture: true })
  }
}
