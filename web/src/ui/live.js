// What screen readers are told, politely: one sentence at a time with a pause between, never the same twice
// in a row, and the oldest is dropped when there are too many. Knows nothing of why.
import { html, signal } from '../../vendor/view.js'

/** Shortest time between two sentences, in ms. */
const PAUSE = 1200
/** More waiting than this would still be read when it is no longer true. */
const WAITING_MOST = 3

const spoken = signal('')
/** @type {string[]} */
const waiting = []
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer

/** @param {string} sentence */
export function announce(sentence) {
  if (!sentence || sentence === (waiting.at(-1) ?? spoken.value)) return
  waiting.push(sentence)
  if (waiting.length > WAITING_MOST) waiting.shift()
  if (timer === undefined) next()
}

function next() {
  spoken.value = waiting.shift() ?? ''
  timer = spoken.value ? setTimeout(next, PAUSE) : undefined
}

/** The one live region of a page. */
export function LiveRegion() {
  return html`<div class="unseen" role="status" aria-live="polite" data-live>${spoken.value}</div>`
}
