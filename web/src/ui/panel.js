// The panel beside the text: one part at a time, chosen by tabs, its width dragged or set by arrow keys; on a
// phone a sheet over the lower part. Draws the frame; what is inside is given.
import { html, useRef } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/shell.js'
import '../i18n/shell_parts.js'
import { Icon } from './icon.js'

/** Widths in px. */
const NARROWEST = 240
const WIDEST = 560
const STEP = 16

/** @typedef {{ id: string, label: string }} Tab */

/**
 * @param {object} props
 * @param {Tab[]} props.tabs
 * @param {string} props.open the id of a tab
 * @param {number} props.width
 * @param {(id: string) => void} props.onOpen
 * @param {(width: number) => void} props.onResize
 * @param {() => void} props.onClose
 * @param {any} [props.children]
 */
export function Panel({ tabs, open, width, onOpen, onResize, onClose, children }) {
  /** @param {KeyboardEvent} event */
  const onKey = event => {
    if (event.key === 'Escape') onClose()
  }
  /** @param {KeyboardEvent} event */
  const onTabKey = event => {
    const all = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll(/** @type {'button'} */ ('[role=tab]'))]
    const here = tabs.findIndex(tab => tab.id === open)
    const to = event.key === 'ArrowRight' ? here + 1 : event.key === 'ArrowLeft' ? here - 1 + tabs.length : -1
    if (to < 0) return
    event.preventDefault()
    onOpen(tabs[to % tabs.length].id)
    all[to % tabs.length].focus()
  }
  return html`<aside class="panel" aria-label=${t('shell.panel')} style=${`--panel: ${width}px`} onKeyDown=${onKey}>
    <${Edge} width=${width} onResize=${onResize} />
    <div class="panel-head">
      <div class="row" role="tablist" onKeyDown=${onTabKey}>
        ${tabs.map(tab => html`<button key=${tab.id} class="tab" type="button" role="tab" id=${`tab-${tab.id}`} aria-selected=${String(tab.id === open)} aria-controls="panel-body" tabindex=${tab.id === open ? 0 : -1} onClick=${() => onOpen(tab.id)}>${tab.label}</button>`)}
      </div>
      <span class="grow"></span>
      <button class="button-bare" type="button" aria-label=${t('shell.panel.close')} data-tip=${t('shell.panel.close')} onClick=${onClose}><${Icon} name="close" /></button>
    </div>
    <div class="panel-body" id="panel-body" role="tabpanel" aria-labelledby=${`tab-${open}`} tabindex="-1">${children}</div>
  </aside>`
}

/** The edge that is dragged. @param {{ width: number, onResize: (width: number) => void }} props */
function Edge({ width, onResize }) {
  const start = useRef({ x: 0, width })
  const set = (/** @type {number} */ wanted) => onResize(Math.round(Math.max(NARROWEST, Math.min(wanted, WIDEST, innerWidth / 2))))
  const sign = () => (document.dir === 'rtl' ? -1 : 1)
  /** @param {PointerEvent} event */
  const onMove = event => {
    if (/** @type {HTMLElement} */ (event.currentTarget).hasPointerCapture(event.pointerId)) set(start.current.width + sign() * (start.current.x - event.clientX))
  }
  /** @param {PointerEvent} event */
  const onDown = event => {
    start.current = { x: event.clientX, width }
    ;/** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId)
  }
  /** @param {KeyboardEvent} event */
  const onKey = event => {
    /** @type {Record<string, number>} */
    const widths = { ArrowLeft: width + sign() * STEP, ArrowRight: width - sign() * STEP, Home: NARROWEST, End: WIDEST }
    if (!(event.key in widths)) return
    event.preventDefault()
    set(widths[event.key])
  }
  return html`<div class="panel-edge" role="separator" aria-orientation="vertical" aria-label=${t('shell.panel.width')} tabindex="0"
    aria-valuemin=${NARROWEST} aria-valuemax=${WIDEST} aria-valuenow=${width} onPointerDown=${onDown} onPointerMove=${onMove} onKeyDown=${onKey}></div>`
}
