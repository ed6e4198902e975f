// A menu that opens at a button: items, switches, links and groups of further items, by pointer and keyboard.
// Groups open in place, so that they work on a phone as well. Draws what it is given; keeps which group is open.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import { Icon } from './icon.js'
import './icons/things.js'
import { shortcutForMachines, shortcutText } from './keys.js'

/**
 * @typedef {object} MenuItem
 * @property {string} id
 * @property {string} label
 * @property {string} [icon]
 * @property {string} [keys]
 * @property {string} [hint] stands where a shortcut would
 * @property {() => void} [run]
 * @property {string} [href] makes it a link
 * @property {boolean} [isFile] the link is a file to save
 * @property {boolean} [isChecked] makes it a switch
 * @property {boolean} [isChoice] one of several, of which one is checked
 * @property {boolean} [isDisabled]
 * @property {boolean} [isBad] takes something away
 * @property {MenuItem[]} [items] makes it a group
 */

/**
 * @param {object} props
 * @param {string} props.label of the menu
 * @param {(MenuItem | null)[]} props.items null is a line between
 * @param {HTMLElement} props.at the button it belongs to
 * @param {() => void} props.onClose
 */
export function Menu({ label, items, at, onClose }) {
  const menu = useRef(/** @type {HTMLElement | null} */ (null))
  const [openGroup, setOpenGroup] = useState('')
  const left = useRef('')
  const group = items.find(item => item?.id === openGroup)
  const close = () => menu.current?.hidePopover()

  useLayoutEffect(() => {
    menu.current?.showPopover()
    if (menu.current) place(menu.current, at)
    const all = itemsIn(menu.current)
    const first = group ? all[1] : all.find(item => item.dataset.id === left.current) ?? all.find(item => item.ariaChecked === 'true') ?? all[0]
    first?.focus()
  }, [openGroup])
  useEffect(() => {
    addEventListener('resize', close)
    return () => removeEventListener('resize', close)
  }, [])

  /** @param {MenuItem} item */
  const choose = item => {
    if (item.isDisabled) return
    if (item.items) return setOpenGroup(item.id)
    at.focus()
    close()
    item.run?.()
  }
  const back = () => {
    left.current = openGroup
    setOpenGroup('')
  }
  /** @param {KeyboardEvent} event */
  const onKey = event => {
    const all = itemsIn(menu.current)
    const here = all.indexOf(/** @type {HTMLElement} */ (document.activeElement))
    const item = (group?.items ?? items).find(one => one?.id === all[here]?.dataset.id)
    /** @type {Record<string, () => unknown>} */
    const moves = {
      ArrowDown: () => all[(here + 1) % all.length]?.focus(),
      ArrowUp: () => all.at(here - 1)?.focus(),
      Home: () => all[0]?.focus(),
      End: () => all.at(-1)?.focus(),
      ArrowRight: () => item?.items && choose(item),
      ArrowLeft: () => group && back(),
      Escape: () => (group ? back() : (at.focus(), close())),
      Tab: () => (at.focus(), close()),
    }
    if (moves[event.key]) {
      // Tab goes on from the button the menu belongs to.
      if (event.key !== 'Tab') event.preventDefault()
      event.stopPropagation()
      moves[event.key]()
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && event.key !== ' ') {
      const turned = [...all.slice(here + 1), ...all]
      turned.find(one => one.textContent?.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus()
    }
  }
  return html`<div class="menu" popover="auto" role="menu" ref=${menu} aria-label=${group?.label ?? label} onKeyDown=${onKey}
      onToggle=${(/** @type {ToggleEvent} */ event) => event.newState === 'closed' && onClose()}>
    ${group && html`<${Item} item=${{ id: '', label: t('common.back'), icon: 'back', run: back }} onChoose=${back} /><hr />`}
    ${(group?.items ?? items).map((item, index) => (item ? html`<${Item} key=${item.id} item=${item} onChoose=${() => choose(item)} />` : html`<hr key=${index} role="separator" />`))}
  </div>`
}

/** @param {{ item: MenuItem, onChoose: () => void }} props */
function Item({ item, onChoose }) {
  const role = item.isChoice ? 'menuitemradio' : item.isChecked === undefined ? 'menuitem' : 'menuitemcheckbox'
  const inside = html`
    <${Icon} name=${item.isChecked ? 'check' : item.icon ?? ''} />
    <span class="menu-label">${item.label}</span>
    ${(item.keys ?? item.hint) && html`<span class="menu-hint" aria-hidden=${item.keys ? 'true' : undefined}>${item.keys ? shortcutText(item.keys) : item.hint}</span>`}
    ${item.items && html`<${Icon} name="forward" />`}`
  const common = {
    class: `menu-item ${item.isBad ? 'menu-item-bad' : ''}`,
    role,
    tabindex: -1,
    'data-id': item.id,
    'aria-checked': item.isChecked === undefined ? undefined : String(item.isChecked),
    'aria-haspopup': item.items ? 'menu' : undefined,
    'aria-disabled': item.isDisabled ? 'true' : undefined,
    'aria-keyshortcuts': shortcutForMachines(item.keys),
    onClick: onChoose,
  }
  return item.href
    ? html`<a ...${common} href=${item.href} download=${item.isFile ? '' : undefined}>${inside}</a>`
    : html`<button ...${common} type="button">${inside}</button>`
}

/** @param {HTMLElement | null} menu @returns {HTMLElement[]} */
function itemsIn(menu) {
  return [...(menu?.querySelectorAll(/** @type {'a'} */ ('.menu-item')) ?? [])]
}

/** Below the button, or above where there is more room; inside the window. @param {HTMLElement} menu @param {HTMLElement} at */
function place(menu, at) {
  const anchor = at.getBoundingClientRect()
  const { width, height } = menu.getBoundingClientRect()
  const isRtl = getComputedStyle(at).direction === 'rtl'
  const isFarSide = (anchor.left + anchor.right) / 2 > innerWidth / 2
  const x = isFarSide !== isRtl ? anchor.right - width : anchor.left
  const isBelow = anchor.bottom + 4 + height <= innerHeight - 8 || anchor.top < innerHeight / 2
  const y = isBelow ? anchor.bottom + 4 : anchor.top - 4 - height
  menu.style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`
  menu.style.top = `${Math.max(8, Math.min(y, innerHeight - height - 8))}px`
}
