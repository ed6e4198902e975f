// Keeps another person's caret in view, until this person types, scrolls, presses Escape, or the other leaves.
import { whoIsHere } from './people.js'

/** What ends following: own doing, never what others' edits move. */
const OWN = ['wheel', 'touchmove', 'keydown', 'beforeinput']

/**
 * @param {object} options
 * @param {string} options.key whom
 * @param {import('./people.js').Awareness} options.awareness
 * @param {(client: number) => boolean} options.goTo
 * @param {EventTarget} options.page where own doing is seen
 * @param {(why: 'left' | 'own') => void} options.onStop
 * @returns {() => void} stops
 */
export function follow({ key, awareness, goTo, page, onStop }) {
  let isDue = false
  let isOver = false
  const find = () => whoIsHere(awareness).find(person => person.key === key)
  const look = () => {
    isDue = false
    const person = find()
    if (!isOver && person) goTo(person.client)
  }
  const onChange = () => {
    if (!find()) return end('left')
    if (!isDue) requestAnimationFrame(look)
    isDue = true
  }
  /** @param {Event} event */
  const onOwn = event => {
    if (!isElsewhere(event)) end('own')
  }
  const stop = () => {
    isOver = true
    awareness.off('change', onChange)
    for (const kind of OWN) page.removeEventListener(kind, onOwn, { capture: true })
  }
  /** @param {'left' | 'own'} why */
  const end = why => {
    stop()
    onStop(why)
  }
  awareness.on('change', onChange)
  for (const kind of OWN) page.addEventListener(kind, onOwn, { passive: true, capture: true })
  look()
  return stop
}

/** Whether this is about controls and commands, not about the text. Escape on the page ends following anywhere. @param {Event} event */
function isElsewhere(event) {
  const place = event.target instanceof Element ? event.target : null
  if (place?.closest('dialog, .menu')) return true
  if (!(event instanceof KeyboardEvent) || event.key === 'Escape') return false
  return event.ctrlKey || event.metaKey || /^(Shift|Control|Alt|Meta|Tab|F\d+)$/.test(event.key) || place?.closest('button, a, input') !== null
}
