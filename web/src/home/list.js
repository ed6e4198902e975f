// A list of documents, as rows or as sheets. One stop for the Tab key; arrow keys move inside. Keeps which one is
// being renamed and where the focus goes when a document leaves.
import { html, useLayoutEffect, useRef, useState } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/home.js'
import { menuOf } from './actions.js'
import { Row } from './row.js'

/** @typedef {import('./items.js').Item} Item */
/** @typedef {'list' | 'cards'} Look */

/**
 * @param {object} props
 * @param {Item[]} props.items
 * @param {Look} props.look
 * @param {string} props.label id of the heading
 * @param {import('./actions.js').Actions} props.actions
 * @param {string} [props.query] marked in titles
 * @param {boolean} [props.isRecent] documents of this device
 * @param {boolean} [props.isShelf] one row of sheets, as many as there is room for
 */
export function DocumentList({ items, look, label, actions, query = '', isRecent = false, isShelf = false }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null))
  const [current, setCurrent] = useState('')
  const [renaming, setRenaming] = useState('')
  /** Which document gets the focus after the next drawing. */
  const wanted = useRef(/** @type {string | null} */ (null))
  const stop = items.some(({ name }) => name === current) ? current : items[0]?.name

  useLayoutEffect(() => {
    if (wanted.current === null) return
    const link = linksIn(list.current).find(({ dataset }) => dataset.name === wanted.current)
    wanted.current = null
    if (link) link.focus()
    else document.getElementById('search')?.focus()
  })

  /** @param {Item} item */
  const remove = item => {
    const at = items.indexOf(item)
    wanted.current = (items[at + 1] ?? items[at - 1])?.name ?? null
    // The list itself goes with its last document.
    if (wanted.current === null) document.getElementById('search')?.focus()
    void actions.remove(item)
  }
  /** @param {Item} item @param {string | null} title @param {boolean} isByKey */
  const endRename = (item, title, isByKey) => {
    if (isByKey) wanted.current = item.name
    setRenaming('')
    if (title !== null && title !== item.title) void actions.rename(item, title)
  }
  /** @param {KeyboardEvent} event */
  const onKeyDown = event => {
    const target = /** @type {HTMLElement} */ (event.target)
    if (event.defaultPrevented || target.closest('input, .menu') || event.ctrlKey || event.metaKey || event.altKey) return
    const item = items.find(({ name }) => name === target.closest('li')?.dataset.name)
    const to = item && move(event.key, items.indexOf(item), list.current, look)
    if (item && event.key === 'F2') setRenaming(item.name)
    else if (item && event.key === 'Delete') remove(item)
    else if (to === -1) document.getElementById('search')?.focus()
    else if (to !== undefined) linksIn(list.current)[to]?.focus()
    else return
    event.preventDefault()
  }
  return html`<ul class=${look === 'cards' ? `sheets ${isShelf ? 'shelf' : ''}` : 'rows'} ref=${list} aria-labelledby=${label} onKeyDown=${onKeyDown}
      onFocusIn=${(/** @type {FocusEvent} */ event) => setCurrent(/** @type {HTMLElement} */ (event.target).closest('li')?.dataset.name ?? '')}>
    ${items.map(item => html`<${Row} key=${item.name} item=${item} query=${query} isStop=${item.name === stop} isRenaming=${item.name === renaming}
      onRenamed=${(/** @type {string | null} */ title, /** @type {boolean} */ isByKey) => endRename(item, title, isByKey)}
      menu=${() => menuOf(item, { actions, isRecent, onRename: () => setRenaming(item.name), onRemove: () => remove(item) })} />`)}
  </ul>`
}

/** What stands in the place of a list that is on its way, with its measures. @param {{ look: Look }} props */
export function Skeleton({ look }) {
  return html`<ul class="skeleton ${look === 'cards' ? 'sheets' : 'rows'}" aria-label=${t('home.loading')}>
    ${Array.from({ length: 6 }, (_, index) => html`<li key=${index} class="item" aria-hidden="true"><span class="item-icon"></span><span class="item-title"><span class="bone"></span></span></li>`)}
  </ul>`
}

/** @param {HTMLElement | null} list @returns {HTMLElement[]} */
const linksIn = list => [...(list?.querySelectorAll(/** @type {'a'} */ ('.item-link')) ?? [])]

/**
 * The index a key leads to; -1 above the first; nothing when it is no key of the list.
 * @param {string} key
 * @param {number} at
 * @param {HTMLElement | null} list
 * @param {Look} look
 */
function move(key, at, list, look) {
  const links = linksIn(list)
  const last = links.length - 1
  const tops = look === 'cards' ? links.map(link => link.closest('li')?.offsetTop) : []
  const across = Math.max(1, tops.filter(top => top === tops[0]).length)
  if (key === 'Home') return 0
  if (key === 'End') return last
  if (key === 'ArrowDown') return Math.min(at + across, last)
  if (key === 'ArrowUp') return at - across < 0 ? -1 : at - across
  if (look === 'cards' && key === 'ArrowRight') return Math.min(at + 1, last)
  if (look === 'cards' && key === 'ArrowLeft') return Math.max(at - 1, 0)
  return undefined
}
