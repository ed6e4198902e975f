// A button that copies the page's address and says whether that worked.
import { html, signal } from '../../vendor/view.js'

/** How long the answer stays, in ms. */
const ANSWER_FOR = 2500

const LINK = 'M8.5 11.5a3.5 3.5 0 0 0 5 0l2.6-2.6a3.5 3.5 0 0 0-5-5L9.9 5.1M11.5 8.5a3.5 3.5 0 0 0-5 0l-2.6 2.6a3.5 3.5 0 0 0 5 5l1.2-1.2'
const CHECK = 'M4 10.5l4 4 8-9'
const CROSS = 'M5.5 5.5l9 9M14.5 5.5l-9 9'

/** What the last click led to; null when it is forgotten. */
const answer = signal(/** @type {{ text: string, icon: string } | null} */ (null))

/** A button for the top bar. */
export function CopyLink() {
  const { text, icon } = answer.value ?? { text: 'Copy link', icon: LINK }
  return html`<button class="button" type="button" onClick=${copy} aria-live="polite" title=${text}>
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d=${icon} /></svg>
    <span class="button-text">${text}</span>
  </button>`
}

async function copy() {
  try {
    await navigator.clipboard.writeText(location.href)
    answer.value = { text: 'Copied', icon: CHECK }
  } catch {
    // Browsers allow this only on https and loopback, and people may refuse it.
    answer.value = { text: 'Copy the address above', icon: CROSS }
  }
  setTimeout(() => (answer.value = null), ANSWER_FOR)
}
