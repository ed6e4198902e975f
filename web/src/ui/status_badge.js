// Shows a status: a dot, a word, more on click. Screen readers hear changes of kind only, and not oftener
// than every 3 s, as a sentence per keystroke would drown the text. Draws; computes nothing.
import { html, signal, useEffect } from '../../vendor/view.js'

/** Shortest time between two announcements, in ms. */
const ANNOUNCE_EVERY = 3000

/** What was announced last. */
const announced = signal('')

/** @param {{ status: import('../presence/status.js').Status }} props */
export function StatusBadge({ status }) {
  useEffect(() => {
    if (!status.text || status.kind === 'saving' && status.tone === 'busy') return undefined
    const timer = setTimeout(() => (announced.value = status.text), announced.value === '' ? 0 : ANNOUNCE_EVERY)
    return () => clearTimeout(timer)
  }, [status.kind, status.tone])
  return html`
    <button class="status" type="button" data-status=${status.kind} data-tone=${status.tone} title=${status.detail}
      hidden=${status.text === ''} popovertarget="status-detail">
      <span class="status-dot" aria-hidden="true"></span>
      <span class="status-long">${status.text}</span>
      <span class="status-short" aria-hidden="true">${status.short}</span>
    </button>
    <div class="popover" id="status-detail" popover>
      <p><strong>${status.text}</strong></p>
      <p>${status.detail}</p>
    </div>
    <span class="unseen" role="status" aria-live="polite">${announced}</span>
  `
}
