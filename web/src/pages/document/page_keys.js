// The shortcuts of the document page itself: the one table for keys, palette, menu and lists of shortcuts.
import '../../i18n/shell.js'

/** @typedef {'palette' | 'shortcuts' | 'people' | 'outline' | 'history' | 'where' | 'save' | 'toolbar' | 'next-region' | 'previous-region'} PageCommandId */
/** @typedef {{ id: PageCommandId, label: import('../../i18n/index.js').Key, keys: string, also?: string, icon?: string }} PageKey */

/** @type {PageKey[]} */
export const PAGE_KEYS = [
  { id: 'palette', label: 'shell.palette', keys: 'Mod-Shift-p', icon: 'search' },
  { id: 'shortcuts', label: 'shell.shortcuts', keys: 'F1', also: 'Mod-/', icon: 'keyboard' },
  { id: 'people', label: 'shell.people', keys: 'Mod-Alt-u', icon: 'people' },
  { id: 'outline', label: 'shell.outline', keys: 'Mod-Alt-o', icon: 'outline' },
  { id: 'history', label: 'shell.history', keys: 'Mod-Alt-h', icon: 'history' },
  { id: 'where', label: 'shell.where', keys: 'Mod-Alt-w', icon: 'person' },
  { id: 'save', label: 'shell.save', keys: 'Mod-s', icon: 'check' },
  { id: 'toolbar', label: 'shell.to-toolbar', keys: 'Alt-F10' },
  { id: 'next-region', label: 'shell.region.next', keys: 'F6' },
  { id: 'previous-region', label: 'shell.region.previous', keys: 'Shift-F6' },
]
