// Passing messages at the foot of the page, with at most one thing to do about each. They stay while the
// pointer or the focus is on them.
import { html, signal, useEffect, useState } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import { Icon } from './icon.js'
import { announce } from './live.js'

/** How long a message stays, in ms; and one that can be acted on. */
const STAYS = 6000
const STAYS_WITH_ACTION = 10_000
const MOST = 3

/**
 * @typedef {object} Toast
 * @property {number} id
 * @property {string} text
 * @property {{ label: string, run: () => void }} [action]
 */

const toasts = signal(/** @type {Toast[]} */ ([]))
let lastId = 0

/** Shows a message and tells it to screen readers; returns how to take it away. @param {string} text @param {Toast['action']} [action] */
export function toast(text, action) {
  const id = ++lastId
  toasts.value = [...toasts.value.filter(other => other.text !== text), { id, text, action }].slice(-MOST)
  announce(text)
  return () => dismiss(id)
}

/** @param {number} id */
function dismiss(id) {
  toasts.value = toasts.value.filter(toast => toast.id !== id)
}

/** Where messages appear; each page has one. */
export function Toasts() {
  return html`<section class="toasts" aria-label=${t('common.messages')}>
    ${toasts.value.map(one => html`<${Message} key=${one.id} toast=${one} />`)}
  </section>`
}

/** @param {{ toast: Toast }} props */
function Message({ toast: { id, text, action } }) {
  const [isHeld, hold] = useState(false)
  useEffect(() => {
    if (isHeld) return undefined
    const timer = setTimeout(() => dismiss(id), action ? STAYS_WITH_ACTION : STAYS)
    return () => clearTimeout(timer)
  }, [isHeld])
  const act = () => {
    dismiss(id)
    action?.run()
  }
  return html`<div class="toast" onPointerEnter=${() => hold(true)} onPointerLeave=${() => hold(false)}
      onFocusIn=${() => hold(true)} onFocusOut=${() => hold(false)}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && dismiss(id)}>
    <span>${text}</span>
    ${action && html`<button type="button" onClick=${act}>${action.label}</button>`}
    <button type="button" aria-label=${t('common.dismiss')} onClick=${() => dismiss(id)}><${Icon} name="close" /></button>
  </div>`
}
