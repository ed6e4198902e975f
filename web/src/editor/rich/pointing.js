// Fetches the small toolbar at selections when a pointer that can make one is first pressed in the text.
import { Extension, Plugin } from '../../../vendor/rich.js'

/** @param {HTMLElement} parent @param {() => import('../contract.js').EditorCommand[]} commands */
export const bubble = (parent, commands) => Extension.create({
  name: 'bubble',
  addProseMirrorPlugins() {
    const { editor } = this
    return [new Plugin({ view: view => whenPointed(view, isDown => import('./bubble.js').then(({ Bubble }) => new Bubble(view, editor, parent, commands, isDown()))) })]
  },
})

/**
 * @param {import('../../../vendor/rich.js').Editor['view']} view
 * @param {(isDown: () => boolean) => Promise<import('./bubble.js').Bubble>} make
 */
function whenPointed(view, make) {
  /** @type {import('./bubble.js').Bubble | null} */
  let made = null
  let isDown = false
  let isComing = false
  const gone = new AbortController()
  const { signal } = gone
  const pressed = async (/** @type {PointerEvent} */ { pointerType }) => {
    if (made || pointerType === 'touch') return
    isDown = true
    if (isComing) return
    isComing = true
    try {
      const bubble = await make(() => isDown)
      if (signal.aborted) bubble.destroy()
      else made = bubble
    } catch {
      // Without the server and its copy of the page: the next press tries again.
    }
    isComing = false
  }
  view.dom.addEventListener('pointerdown', pressed, { signal })
  addEventListener('pointerup', () => (isDown = false), { signal })
  return {
    update: () => made?.update(),
    destroy() {
      gone.abort()
      made?.destroy()
    },
  }
}
