// Tells when an input method composes: others' edits wait meanwhile, as they would break the composition.
// Knows nothing of who holds them back.
import { EditorView } from '../../../vendor/text.js'

/** A composition's last change arrives shortly after its end event, in ms. */
const COMPOSITION_TAIL = 30

/** An editor extension. @param {(isComposing: boolean) => void} onComposition */
export function holdWhileComposing(onComposition) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let tail
  return EditorView.domEventHandlers({
    compositionstart() {
      clearTimeout(tail)
      onComposition(true)
    },
    compositionend() {
      clearTimeout(tail)
      tail = setTimeout(() => onComposition(false), COMPOSITION_TAIL)
    },
  })
}
