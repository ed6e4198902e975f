// A button that opens a menu. The menu's code is fetched with the first press.
import { html, useRef, useState } from '../../vendor/view.js'
import { withStyles } from './styles.js'

/** @typedef {import('./menu.js').MenuItem} MenuItem */

/**
 * @param {object} props
 * @param {string} props.label
 * @param {() => (MenuItem | null)[] | Promise<(MenuItem | null)[]>} props.items asked for when it opens
 * @param {string} [props.class]
 * @param {any} [props.children]
 * @param {number} [props.tabIndex]
 * @param {boolean} [props.keepsFocus] pressing leaves the text's selection as it is
 */
export function MenuButton({ label, items, class: look = 'button-bare', children, tabIndex, keepsFocus }) {
  const button = useRef(/** @type {HTMLElement | null} */ (null))
  const [open, setOpen] = useState(/** @type {{ Menu: typeof import('./menu.js').Menu, items: (MenuItem | null)[] } | null} */ (null))
  /** Pressing the button of an open menu closes it, by the browser's light dismissal. */
  const wasOpen = useRef(false)
  const show = async (isByPointer = false) => {
    if (isByPointer && wasOpen.current) return
    const [{ Menu }, now] = await Promise.all([withStyles('parts', import('./menu.js')), items()])
    setOpen({ Menu, items: now })
  }
  /** @param {Event} event */
  const onPress = event => {
    wasOpen.current = open !== null
    if (keepsFocus) event.preventDefault()
  }
  return html`<button class=${look} type="button" ref=${button} tabindex=${tabIndex} aria-label=${label} data-tip=${label} aria-haspopup="menu" aria-expanded=${open !== null}
      onPointerDown=${onPress} onClick=${(/** @type {MouseEvent} */ event) => show(event.detail > 0)}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === 'ArrowDown' && (event.preventDefault(), show())}>${children}</button>
    ${open && button.current && html`<${open.Menu} label=${label} items=${open.items} at=${button.current} onClose=${() => setOpen(null)} />`}`
}
