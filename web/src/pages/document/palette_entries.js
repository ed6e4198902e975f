// Everything that can be done on the document page as entries of the command palette and of the list of
// shortcuts; and which of them were used lately, on this device.
import { read, write } from '../../device/storage.js'
import { t } from '../../i18n/index.js'
import '../../i18n/shell.js'
import '../../i18n/shell_parts.js'
import { menuItems } from './actions.js'
import { pageCommands } from './commands.js'
import { toggleFollow } from './following.js'
import { jumpTo } from './moves.js'

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('../../ui/palette.js').PaletteEntry} PaletteEntry */
/** @typedef {import('../../ui/menu.js').MenuItem} MenuItem */

const KEY = 'coscribe.used'
const REMEMBERED = 5

/** @param {Desk} desk @returns {PaletteEntry[]} */
export function paletteEntries(desk) {
  const editor = desk.editor.value
  const text = (editor?.commands ?? []).filter(command => command.isEnabled?.() !== false)
  const page = pageCommands(desk).filter(({ id }) => id !== 'palette')
  const known = new Set(page.map(({ id }) => id))
  const others = desk.people.value.filter(person => !person.isMe)
  return [
    ...text.map(({ id, label, keys, icon, run }) => ({ id: `text.${id}`, label, keys, icon, run, group: t('shell.group.text') })),
    ...page.map(command => ({ ...command, group: t('shell.group.page') })),
    ...flat(menuItems(desk)).filter(item => !known.has(item.id)).map(item => ({ ...item, group: t('shell.group.page'), run: () => runItem(item) })),
    ...(editor?.outline() ?? []).map((heading, index) => ({ id: `heading.${index}`, label: heading.text || t('shell.outline.empty'), icon: 'outline', group: t('shell.group.headings'), run: heading.go })),
    ...others.flatMap(person => [
      { id: `jump.${person.key}`, label: t('shell.people.jump', person), icon: 'person', group: t('shell.group.people'), run: () => jumpTo(desk, person) },
      { id: `follow.${person.key}`, label: t('shell.people.follow', person), icon: 'eye', group: t('shell.group.people'), run: () => toggleFollow(desk, person) },
    ]),
  ]
}

/** Items of groups stand alone here, so they say whose they are. @param {(MenuItem | null)[]} items @returns {MenuItem[]} */
function flat(items) {
  return items.flatMap(item => {
    if (!item || item.isDisabled) return []
    return item.items ? item.items.map(inner => ({ ...inner, icon: inner.icon ?? item.icon, label: `${item.label}: ${inner.label}` })) : [item]
  })
}

/** @param {MenuItem} item */
function runItem({ href, isFile, run }) {
  if (!href) return run?.()
  const link = document.createElement('a')
  link.href = href
  if (isFile) link.download = ''
  link.click()
}

/** @param {Desk} desk @returns {import('../../ui/shortcuts.js').ShortcutGroup[]} */
export function shortcutGroups(desk) {
  const text = (desk.editor.value?.commands ?? []).flatMap(({ label, keys }) => (keys ? [{ label, keys: [keys] }] : []))
  const page = pageCommands(desk).map(({ label, keys, also }) => ({ label, keys: also ? [keys, also] : [keys] }))
  return [
    { name: t('shell.group.page'), entries: page },
    { name: t('shell.group.text'), entries: [...text, { label: t('shell.leave-text'), keys: ['Escape', 'Tab'] }] },
  ]
}

/** Ids, last used first. @returns {string[]} */
export function recentlyUsed() {
  const stored = read(KEY, [])
  return Array.isArray(stored) ? stored.filter(id => typeof id === 'string') : []
}

/** Headings and people come and go; what stays is remembered. @param {string} id */
export function markUsed(id) {
  if (/^(heading|jump|follow)\./.test(id)) return
  write(KEY, [id, ...recentlyUsed().filter(other => other !== id)].slice(0, REMEMBERED))
}
