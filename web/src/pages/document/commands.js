// What the page itself does at each of its shortcuts.
import { t } from '../../i18n/index.js'
import '../../i18n/shell.js'
import { isPressed } from '../../ui/keys.js'
import { announce } from '../../ui/live.js'
import { toast } from '../../ui/toast.js'
import { closePanel, focusToolbar, openPanel } from './moves.js'
import { PAGE_KEYS } from './page_keys.js'

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {{ id: string, label: string, keys: string, also?: string, icon?: string, run: () => unknown }} PageCommand */

/** @param {Desk} desk @returns {PageCommand[]} */
export function pageCommands(desk) {
  const panel = (/** @type {import('./desk.js').PanelName} */ name) => () => (desk.panel.value === name ? closePanel(desk) : openPanel(desk, name))
  /** @type {Record<import('./page_keys.js').PageCommandId, () => unknown>} */
  const runs = {
    palette: async () => (await import('./overlays.js')).showPalette(desk),
    shortcuts: async () => (await import('./overlays.js')).showShortcuts(desk),
    people: panel('people'),
    outline: panel('outline'),
    history: async () => (await import('./past.js')).showPast(desk),
    where: async () => announce((await import('./whereabouts.js')).whereIsEveryone(desk)),
    save: () => sayIfSaved(desk),
    toolbar: focusToolbar,
    'next-region': async () => (await import('./regions.js')).cycleRegions(desk, 1),
    'previous-region': async () => (await import('./regions.js')).cycleRegions(desk, -1),
  }
  return PAGE_KEYS.map(entry => ({ ...entry, label: t(entry.label), run: runs[entry.id] }))
}

/** @param {Desk} desk */
export function listenToKeys(desk) {
  // On the way up, so that an editor's own use of a key comes first.
  addEventListener('keydown', event => {
    if (event.defaultPrevented || event.isComposing) return
    const command = pageCommands(desk).find(({ keys, also }) => isPressed(event, keys) || (also && isPressed(event, also)))
    if (!command) return
    event.preventDefault()
    // A dialog and the timeline have the keyboard to themselves; but the browser's own dialogs stay away also then.
    if (!document.querySelector('dialog[open], .past')) command.run()
  })
}

/** Edits are saved as they are made, so this only tells how far that is. @param {Desk} desk */
function sayIfSaved({ status, provider }) {
  provider.probe()
  toast(status.value.kind === 'saved' ? t('shell.save.already') : status.value.text || t('shell.save.now'))
}
