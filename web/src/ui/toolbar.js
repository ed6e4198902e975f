// A row of commands with one stop for the Tab key; arrow keys move inside, Escape goes back to the text.
// It never wraps: what does not fit is in a menu at its end, on a narrow screen the row scrolls.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/shell.js'
import { Icon } from './icon.js'
import { shortcutForMachines } from './keys.js'
import { MenuButton } from './menu_button.js'

/** @typedef {import('../editor/contract.js').EditorCommand} EditorCommand */
/** Commands of this group are one choice, such as the style of a block. */
const CHOICE = 'block'

/**
 * @param {object} props
 * @param {string} props.label
 * @param {EditorCommand[]} props.commands
 * @param {() => void} props.onLeave
 */
export function Toolbar({ label, commands, onLeave }) {
  const row = useRef(/** @type {HTMLElement | null} */ (null))
  const [fit, setFit] = useState(Infinity)
  const [stop, setStop] = useState(0)
  const entries = arrange(commands.filter(command => command.inToolbar !== false))
  const shape = entries.map(entry => entry.id).join()

  useLayoutEffect(() => {
    const items = row.current
    if (!items) return undefined
    const measure = () => setFit(howManyFit(items))
    const observer = new ResizeObserver(measure)
    observer.observe(/** @type {HTMLElement} */ (items.parentElement))
    measure()
    return () => observer.disconnect()
  }, [shape])
  useEffect(() => setStop(0), [shape])

  const shown = entries.slice(0, fit)
  const rest = entries.slice(fit)
  /** @param {KeyboardEvent} event */
  const onKey = event => {
    const all = stops(event)
    const here = all.indexOf(/** @type {HTMLElement} */ (event.target))
    if (here < 0) return
    const ahead = getComputedStyle(all[here]).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight'
    const to = event.key === 'Home' ? 0 : event.key === 'End' ? all.length - 1 : !event.key.startsWith('Arrow') || /Up|Down/.test(event.key) ? -1 : (here + (event.key === ahead ? 1 : all.length - 1)) % all.length
    if (event.key === 'Escape') onLeave()
    else if (to >= 0) all[to].focus()
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  /** @param {FocusEvent} event */
  const onFocus = event => setStop(Math.max(0, stops(event).indexOf(/** @type {HTMLElement} */ (event.target))))

  return html`<div class="toolbar" role="toolbar" aria-label=${label} onKeyDown=${onKey} onFocusIn=${onFocus}>
    <div class="toolbar-items" ref=${row}>
      ${entries.map((entry, index) => html`<${Entry} key=${entry.id} entry=${entry} isAway=${index >= fit} tabIndex=${index === Math.min(stop, shown.length - 1) ? 0 : -1} />`)}
    </div>
    ${rest.length > 0 && html`<div class="toolbar-more"><${MenuButton} label=${t('shell.more')} keepsFocus tabIndex=${stop >= shown.length ? 0 : -1}
      items=${() => rest.flatMap(entry => [...(entry.startsGroup ? [null] : []), ...entry.commands.map(item)]).slice(rest[0].startsGroup ? 1 : 0)}><${Icon} name="more" /><//></div>`}
  </div>`
}

/** @typedef {{ id: string, startsGroup: boolean, commands: EditorCommand[] }} Entry one button: a command, or a choice of several */

/** @param {EditorCommand[]} commands @returns {Entry[]} */
function arrange(commands) {
  /** @type {Entry[]} */
  const entries = []
  let group = commands[0]?.group
  for (const command of commands) {
    const startsGroup = command.group !== group
    const last = entries.at(-1)
    if (command.group === CHOICE && last?.id === CHOICE) last.commands.push(command)
    else entries.push({ id: command.group === CHOICE ? CHOICE : command.id, startsGroup, commands: [command] })
    group = command.group
  }
  return entries
}

/** @param {{ entry: Entry, isAway: boolean, tabIndex: number }} props */
function Entry({ entry, isAway, tabIndex }) {
  const [command] = entry.commands
  const away = isAway ? 'is-away' : ''
  const gap = entry.startsGroup && html`<i class=${`toolbar-gap ${away}`} aria-hidden="true"></i>`
  if (entry.id === CHOICE) {
    const active = entry.commands.find(one => one.isActive?.()) ?? command
    return html`${gap}<${MenuButton} label=${t('shell.style', { style: active.label })} class=${`button-bare toolbar-choice ${away}`} tabIndex=${tabIndex} keepsFocus
      items=${() => entry.commands.map(one => ({ ...item(one), isChoice: true, isChecked: one === active, isDisabled: one !== active && isOff(one) }))}><span>${active.label}</span><${Icon} name="down" /><//>`
  }
  return html`${gap}<button class=${`button-bare ${away}`} type="button" tabindex=${tabIndex} aria-label=${command.label} data-tip=${command.label} data-keys=${command.keys}
    aria-keyshortcuts=${shortcutForMachines(command.keys)} aria-pressed=${command.isActive ? String(command.isActive()) : undefined} aria-disabled=${isOff(command) ? 'true' : undefined}
    onPointerDown=${keepFocus} onClick=${() => !isOff(command) && command.run()}><${Icon} name=${command.icon ?? ''} /></button>`
}

/** @param {EditorCommand} command @returns {import('./menu.js').MenuItem} */
function item(command) {
  return { id: command.id, label: command.label, icon: command.icon, keys: command.keys, run: command.run, isChecked: command.isActive?.(), isDisabled: isOff(command) }
}

/** @param {EditorCommand} command */
const isOff = command => command.isEnabled ? !command.isEnabled() : false
/** The text keeps its selection and, on phones, its keyboard. @param {Event} event */
const keepFocus = event => event.preventDefault()

/** @param {Event} event @returns {HTMLElement[]} */
function stops(event) {
  return [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll(/** @type {'button'} */ ('button:not(.is-away, .menu *)'))]
}

/** Entries stay in the row when they do not fit, unseen, so that their places can be asked at any time. @param {HTMLElement} row */
function howManyFit(row) {
  const buttons = [...row.querySelectorAll(/** @type {'button'} */ (':scope > button'))]
  const all = buttons.at(-1)
  const toolbar = /** @type {HTMLElement} */ (row.parentElement)
  const style = getComputedStyle(toolbar)
  const room = toolbar.clientWidth - parseFloat(style.paddingInlineStart) - parseFloat(style.paddingInlineEnd)
  if (!all || getComputedStyle(row).overflowX === 'auto' || row.scrollWidth <= room) return Infinity
  const start = row.getBoundingClientRect().left
  const count = buttons.findIndex(button => button.getBoundingClientRect().right - start > room - button.offsetHeight - 4)
  return count < 0 ? Infinity : count
}
