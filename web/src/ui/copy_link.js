// A button that copies the page's address and says whether that worked.
import { html, signal } from '../../vendor/view.js'

/** How long the answer stays, in ms. */
const ANSWER_FOR = 2500

const answer = signal('')

/** A button for the top bar. */
export function CopyLink() {
  return html`<button class="button" type="button" onClick=${copy} aria-live="polite">
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M8.5 11.5a3.5 3.5 0 0 0 5 0l2.6-2.6a3.5 3.5 0 0 0-5-5L9.9 5.1M11.5 8.5a3.5 3.5 0 0 0-5 0l-2.6 2.6a3.5 3.5 0 0 0 5 5l1.2-1.2" /></svg>
    <span class="button-text">${answer.value || 'Copy link'}</span>
  </button>`
}

async function copy() {
  try {
    await navigator.clipboard.writeText(location.href)
    answer.value = 'Copied'
  } catch {
    answer.value = 'Copy the address above'
  }
  setTimeout(() => (answer.value = ''), ANSWER_FOR)
}
