// Tells when an input method composes text, so that others' edits can wait: in the same paragraph they would
// break the composition. Knows nothing of connections.
import { Extension, Plugin } from '../../../vendor/rich.js'

/** A composition's last change arrives shortly after its end event; others' edits wait for it, in ms. */
const TAIL = 30

/** @param {(isComposing: boolean) => void} onComposition */
export function holdWhileComposing(onComposition) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let tail
  return Extension.create({
    name: 'holdWhileComposing',
    onDestroy() {
      clearTimeout(tail)
      onComposition(false)
    },
    addProseMirrorPlugins: () => [
      new Plugin({
        props: {
          handleDOMEvents: {
            compositionstart() {
              clearTimeout(tail)
              onComposition(true)
              return false
            },
            compositionend() {
              clearTimeout(tail)
              tail = setTimeout(() => onComposition(false), TAIL)
              return false
            },
          },
        },
      }),
    ],
  })
}
