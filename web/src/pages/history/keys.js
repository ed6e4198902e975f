// The keys of the timeline. In the text those that scroll stay with it; on a button the space bar presses.
import { isPressed } from '../../ui/keys.js'
import { goToChange } from './changes.js'
import { togglePlaying } from './player.js'

/** @typedef {import('./scene.js').Scene} Scene */

/** @type {{ keys: string, scrolls?: boolean, run: (scene: Scene) => void }[]} */
const KEYS = [
  { keys: 'ArrowLeft', run: scene => scene.step(-1) },
  { keys: 'ArrowRight', run: scene => scene.step(1) },
  { keys: 'Shift-ArrowLeft', run: scene => scene.stepSession(-1) },
  { keys: 'Shift-ArrowRight', run: scene => scene.stepSession(1) },
  { keys: 'PageUp', scrolls: true, run: scene => scene.step(-100) },
  { keys: 'PageDown', scrolls: true, run: scene => scene.step(100) },
  { keys: 'Home', scrolls: true, run: scene => scene.goTo(0) },
  { keys: 'End', scrolls: true, run: scene => scene.goTo(scene.last) },
  { keys: '[', run: scene => scene.stepVersion(-1) },
  { keys: ']', run: scene => scene.stepVersion(1) },
  { keys: ' ', scrolls: true, run: togglePlaying },
  { keys: 'F7', run: scene => goToChange(scene, 1) },
  { keys: 'Shift-F7', run: scene => goToChange(scene, -1) },
]

/** @param {Scene} scene @returns {() => void} ends it */
export function listenToKeys(scene) {
  const listen = (/** @type {KeyboardEvent} */ event) => {
    const { target } = event
    if (event.defaultPrevented || event.isComposing || !(target instanceof Element) || scene.last < 0) return
    if (document.querySelector('dialog[open]') || target.closest('input:not([type=range]), textarea, select, [role=menu]')) return
    const key = KEYS.find(({ keys }) => isPressed(event, keys))
    if (!key || (key.scrolls && target.closest('[data-past]')) || (event.key === ' ' && target.closest('button, a'))) return
    event.preventDefault()
    if (key.run !== togglePlaying && !event.key.startsWith('F')) scene.isPlaying.value = false
    key.run(scene)
  }
  addEventListener('keydown', listen)
  return () => removeEventListener('keydown', listen)
}
