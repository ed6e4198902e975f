// A dialog over the page: titled, closed by Escape, by its cross and by a click beside it. The browser keeps
// the focus inside and gives it back.
import { html, useEffect, useId, useRef } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import { Icon } from './icon.js'

/**
 * @param {object} props
 * @param {string} props.title
 * @param {() => void} props.onClose
 * @param {boolean} [props.isWide]
 * @param {any} [props.children]
 */
export function Dialog({ title, onClose, isWide, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null))
  const id = useId()
  useEffect(() => dialog.current?.showModal(), [])
  return html`
    <dialog class=${`dialog ${isWide ? 'dialog-wide' : ''}`} ref=${dialog} onClose=${onClose} aria-labelledby=${id}
      onPointerDown=${(/** @type {PointerEvent} */ event) => event.target === dialog.current && isBeside(event) && dialog.current?.close()}>
      <div class="dialog-head">
        <h2 id=${id}>${title}</h2>
        <button class="button-bare" type="button" aria-label=${t('common.close')} onClick=${() => dialog.current?.close()}><${Icon} name="close" /></button>
      </div>
      ${children}
    </dialog>
  `
}

/** Whether a press on a dialog's element was outside its box, on the backdrop. @param {PointerEvent} event */
export function isBeside(event) {
  const { left, right, top, bottom } = /** @type {HTMLElement} */ (event.target).getBoundingClientRect()
  return event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom
}
