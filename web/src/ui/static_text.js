// Words that stand in a page's HTML: elements with `data-t` get the text of that key, with `data-t-label` their
// accessible name, in the language of the moment.
import { effect } from '../../vendor/view.js'
import { t } from '../i18n/index.js'

/** @typedef {import('../i18n/index.js').Key} Key */

/** Translates them, now and whenever the language changes. */
export function translatePage() {
  effect(() => {
    for (const one of document.querySelectorAll(/** @type {'p'} */ ('[data-t]'))) one.textContent = t(/** @type {Key} */ (one.dataset.t))
    for (const one of document.querySelectorAll(/** @type {'p'} */ ('[data-t-label]'))) one.ariaLabel = t(/** @type {Key} */ (one.dataset.tLabel))
  })
}
