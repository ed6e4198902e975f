// The command palette: everything that can be done here, found by typing parts of its name. A dialog with a
// combobox. Knows no commands: it is given entries and runs the chosen one.
import { html, useEffect, useMemo, useRef, useState } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/shell.js'
import '../i18n/shell_parts.js'
import { isBeside } from './dialog.js'
import { match } from './fuzzy.js'
import { Icon } from './icon.js'
import './icons/things.js'
import { shortcutText } from './keys.js'

/** @typedef {{ id: string, label: string, group: string, keys?: string, icon?: string, run: () => void }} PaletteEntry `group` for people */

/** More would never be read. */
const SHOWN_MOST = 60

/**
 * @param {object} props
 * @param {PaletteEntry[]} props.entries
 * @param {string[]} props.recent ids, last used first
 * @param {(entry: PaletteEntry) => void} props.onRun
 * @param {() => void} props.onClose
 */
export function Palette({ entries, recent, onRun, onClose }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null))
  const list = useRef(/** @type {HTMLElement | null} */ (null))
  const [query, setQuery] = useState('')
  const [active, setActive] = useState(0)
  const found = useMemo(() => find(entries, recent, query), [entries, recent, query])
  useEffect(() => dialog.current?.showModal(), [])
  useEffect(() => list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' }), [active, query])

  /** @param {PaletteEntry | undefined} entry */
  const run = entry => {
    if (!entry) return
    dialog.current?.close()
    onRun(entry)
  }
  /** @param {KeyboardEvent} event */
  const onKey = event => {
    if (event.isComposing) return
    const last = found.length - 1
    /** @type {Record<string, number>} */
    const moves = { ArrowDown: active >= last ? 0 : active + 1, ArrowUp: active <= 0 ? last : active - 1, PageDown: Math.min(last, active + 8), PageUp: Math.max(0, active - 8) }
    if (event.key in moves) setActive(moves[event.key])
    else if (event.key === 'Enter') run(found[active]?.entry)
    else return
    event.preventDefault()
  }
  const onInput = (/** @type {InputEvent} */ event) => {
    setQuery(/** @type {HTMLInputElement} */ (event.target).value)
    setActive(0)
  }
  return html`<dialog class="dialog palette" ref=${dialog} aria-label=${t('shell.palette')} onClose=${onClose}
      onPointerDown=${(/** @type {PointerEvent} */ event) => event.target === dialog.current && isBeside(event) && dialog.current?.close()}>
    <input class="field" type="text" role="combobox" aria-label=${t('shell.palette')} placeholder=${t('shell.palette.hint')} aria-expanded="true" aria-autocomplete="list"
      aria-controls="palette-list" aria-activedescendant=${found[active] ? `palette-${active}` : undefined} autocomplete="off" spellcheck="false" autofocus onInput=${onInput} onKeyDown=${onKey} />
    <div class="palette-list" id="palette-list" role="listbox" aria-label=${t('shell.palette')} ref=${list}>
      ${found.map(({ entry, group, marks }, index) => html`
        ${group && html`<div class="menu-head" role="presentation" key=${`group ${group}`}>${group}</div>`}
        <div class="menu-item" role="option" id=${`palette-${index}`} key=${entry.id} aria-selected=${String(index === active)} onClick=${() => run(entry)} onPointerMove=${() => index !== active && setActive(index)}>
          <${Icon} name=${entry.icon ?? ''} />
          <span class="menu-label">${marks.map(([text, isHit]) => (isHit ? html`<b>${text}</b>` : text))}</span>
          ${query && html`<span class="menu-hint">${entry.group}</span>`}
          ${entry.keys && html`<kbd>${shortcutText(entry.keys)}</kbd>`}
        </div>`)}
    </div>
    ${found.length === 0 && html`<p class="palette-none hint" role="status">${t('shell.palette.none', { query })}</p>`}
  </dialog>`
}

/** @typedef {{ entry: PaletteEntry, group: string | null, marks: [text: string, isHit: boolean][] }} Found `group` where one begins */

/** Without a query the last used first, then group by group; with one the best matches first. @param {PaletteEntry[]} entries @param {string[]} recent @param {string} query @returns {Found[]} */
function find(entries, recent, query) {
  if (!query.trim()) {
    const last = recent.flatMap(id => entries.find(entry => entry.id === id) ?? [])
    const rest = entries.filter(entry => !last.includes(entry))
    let before = ''
    return [...last.map(entry => ({ entry, name: t('shell.palette.recent') })), ...rest.map(entry => ({ entry, name: entry.group }))].map(({ entry, name }) => {
      const group = name === before ? null : name
      before = name
      return { entry, group, marks: /** @type {Found['marks']} */ ([[entry.label, false]]) }
    })
  }
  return entries
    .flatMap(entry => {
      const hit = match(query, entry.label)
      const used = recent.indexOf(entry.id)
      return hit ? [{ entry, group: null, marks: hit.marks, score: hit.score + (used < 0 ? 0 : 3 - used * 0.2) }] : []
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, SHOWN_MOST)
}
