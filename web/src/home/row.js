// One document in a list: its title as a link, what is known of it, and its menu. Draws; decides nothing.
import { html, useEffect, useRef } from '../../vendor/view.js'
import { pathOf } from '../device/names.js'
import { t } from '../i18n/index.js'
import '../i18n/home.js'
import { Icon } from '../ui/icon.js'
import '../ui/icons/things.js'
import { MenuButton } from '../ui/menu_button.js'
import { cutAt } from './items.js'
import { iconOf, sayAgo, sayKind, sayMoment, saySize } from './words.js'

/** Longest title, in UTF-16 units, as in `sync/meta.js`, which would bring all of Yjs along. */
const TITLE_LONGEST = 200

/** Renaming ended: with a title, or null when it stays; by a key or by leaving the field. @typedef {(title: string | null, isByKey: boolean) => void} Done */

/**
 * @param {object} props
 * @param {import('./items.js').Item} props.item
 * @param {string} props.query
 * @param {boolean} props.isStop whether the Tab key stops here
 * @param {boolean} props.isRenaming
 * @param {Done} props.onRenamed
 * @param {() => (import('../ui/menu.js').MenuItem | null)[]} props.menu
 */
export function Row({ item, query, isStop, isRenaming, onRenamed, menu }) {
  const row = useRef(/** @type {HTMLElement | null} */ (null))
  const title = item.title || t('common.untitled')
  const tabIndex = isStop ? 0 : -1
  const [before, hit, after] = cutAt(title, query)
  /** The keyboard's menu key (no button, in browsers that tell) opens our menu; a pointer gets the browser's, for links. @param {MouseEvent} event */
  const onContextMenu = event => {
    if (isRenaming || event.button !== -1) return
    event.preventDefault()
    row.current?.querySelector('button')?.click()
  }
  return html`<li class=${item.isAway ? 'item is-away' : 'item'} ref=${row} data-name=${item.name} data-kind=${item.kind ?? 'rich'} onContextMenu=${onContextMenu}>
    <span class="item-icon"><${Icon} name=${iconOf(item.kind)} /></span>
    ${isRenaming
      ? html`<${TitleField} title=${item.title} onDone=${onRenamed} />`
      : html`<a class="item-title item-link ${item.title ? '' : 'is-untitled'}" href=${pathOf(item.name)} tabindex=${tabIndex} data-name=${item.name} dir="auto">${before}${hit && html`<mark>${hit}</mark>`}${after}</a>`}
    <${Facts} item=${item} />
    <${MenuButton} class="item-more" label=${t('home.menu.label', { title })} items=${menu} tabIndex=${tabIndex}><${Icon} name="more" /></${MenuButton}>
  </li>`
}

/** @param {{ item: import('./items.js').Item }} props */
function Facts({ item }) {
  const { people, bytes, at, isUnsent, isOpenedAt, isAway } = item
  const when = isOpenedAt ? t('home.opened', { ago: sayAgo(at) }) : t('home.edited', { ago: sayAgo(at) })
  return html`<span class="item-facts">
    ${isUnsent && html`<span class="fact-unsent">${t('home.unsent')}</span>`}
    ${isAway && html`<span class="fact-away">${t('home.away')}</span>`}
    ${people > 0 && !isAway && html`<span class="fact-people"><span class="people-dot" aria-hidden="true"></span>${t('home.people', { count: people })}</span>`}
    <span class="fact-kind">${sayKind(item)}</span>
    <time class="fact-time" dateTime=${new Date(at).toISOString()} title=${sayMoment(at)}><span class="unseen">${when}</span><span aria-hidden="true">${sayAgo(at)}</span></time>
    <span class="fact-size">${bytes === null ? '' : saySize(bytes)}</span>
  </span>`
}

/** @param {{ title: string, onDone: Done }} props */
function TitleField({ title, onDone }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null))
  const isDone = useRef(false)
  useEffect(() => field.current?.select(), [])
  /** @param {boolean} isKept @param {boolean} isByKey */
  const end = (isKept, isByKey) => {
    if (isDone.current) return
    isDone.current = true
    const typed = field.current?.value.replace(/\s+/g, ' ').trim()
    onDone(isKept && typed ? typed : null, isByKey)
  }
  /** @param {KeyboardEvent} event */
  const onKeyDown = event => {
    if (event.isComposing) return
    if (event.key === 'Enter') end(true, true)
    else if (event.key === 'Escape') end(false, true)
    else return
    event.preventDefault()
  }
  return html`<input class="field item-title item-field" ref=${field} aria-label=${t('home.rename.label')} defaultValue=${title} maxlength=${TITLE_LONGEST} dir="auto"
    autocomplete="off" onKeyDown=${onKeyDown} onBlur=${() => end(true, false)} />`
}
