// Keyboard shortcuts, written as `Mod-Alt-u`: recognised in events and shown as this platform writes them.
// Mod is Ctrl, on a Mac ⌘. Pure but for the platform's name.
import { t } from '../i18n/index.js'
import '../i18n/shell.js'

const isMac = /Mac|iP(hone|ad)/.test(globalThis.navigator?.platform ?? '')

/** @param {string} keys such as `Mod-Shift-p` */
function parse(keys) {
  // The last part may be the minus key itself.
  const [, before, key] = keys.match(/^(.*-)?(.+)$/s) ?? []
  const parts = (before ?? '').split('-')
  return { key, mod: parts.includes('Mod'), alt: parts.includes('Alt'), shift: parts.includes('Shift') }
}

/** Whether an event is this shortcut. What AltGr types is text. @param {KeyboardEvent} event @param {string} keys */
export function isPressed(event, keys) {
  const { key, mod, alt, shift } = parse(keys)
  const isMod = isMac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey
  if (isMod !== mod || event.altKey !== alt || event.getModifierState('AltGraph')) return false
  const isLetter = /^[a-z]$/i.test(key)
  // Signs such as `/` stand on Shift in some layouts; letters and F6 mean something else with it.
  if (event.shiftKey !== shift && (isLetter || key.length > 1)) return false
  return event.key.toLowerCase() === key.toLowerCase() || (isLetter && event.code === `Key${key.toUpperCase()}`)
}

/** For people. @param {string} keys */
export function shortcutText(keys) {
  const { key, mod, alt, shift } = parse(keys)
  const name = key.length === 1 ? key.toUpperCase() : key === 'Escape' ? 'Esc' : key
  if (isMac) return `${alt ? '⌥' : ''}${shift ? '⇧' : ''}${mod ? '⌘' : ''}${name}`
  return [mod && t('shell.key.ctrl'), alt && 'Alt', shift && t('shell.key.shift'), name].filter(Boolean).join('+')
}

/** For `aria-keyshortcuts`; absent without a shortcut. @param {string} [keys] */
export function shortcutForMachines(keys) {
  if (!keys) return undefined
  const { key, mod, alt, shift } = parse(keys)
  return [mod && (isMac ? 'Meta' : 'Control'), alt && 'Alt', shift && 'Shift', key].filter(Boolean).join('+')
}
