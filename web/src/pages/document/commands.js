// What the page itself does at each of its shortcuts.
import { html } from '../../../vendor/view.js'
import { t } from '../../i18n/index.js'
import '../../i18n/shell.js'
import { isPressed } from '../../ui/keys.js'
import { announce } from '../../ui/live.js'
import { withStyles } from '../../ui/styles.js'
import { toast } from '../../ui/toast.js'
import { openOverlay } from './desk.js'
import { closePanel, cycleRegions, focusToolbar, openPanel } from './moves.js'
import { PAGE_KEYS } from './page_keys.js'

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {{ id: string, label: string, keys: string, also?: string, icon?: string, run: () => unknown }} PageCommand */

/** @param {Desk} desk @returns {PageCommand[]} */
export function pageCommands(desk) {
  const panel = (/** @type {import('./desk.js').PanelName} */ name) => () => (desk.panel.value === name ? closePanel(desk) : openPanel(desk, name))
  /** @type {Record<import('./page_keys.js').PageCommandId, () => unknown>} */
  const runs = {
    palette: () => showPalette(desk),
    shortcuts: () => showShortcuts(desk),
    people: panel('people'),
    outline: panel('outline'),
    history: async () => (await import('./past.js')).showPast(desk),
    where: async () => announce((await import('./whereabouts.js')).whereIsEveryone(desk)),
    save: () => sayIfSaved(desk),
    toolbar: focusToolbar,
    'next-region': () => cycleRegions(desk, 1),
    'previous-region': () => cycleRegions(desk, -1),
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

/** @param {Desk} desk */
async function showPalette(desk) {
  const [{ Palette }, { paletteEntries, recentlyUsed, markUsed }] = await Promise.all([withStyles('parts', import('../../ui/palette.js')), import('./palette_entries.js')])
  const entries = paletteEntries(desk)
  openOverlay(desk, close => html`<${Palette} entries=${entries} recent=${recentlyUsed()} onClose=${close}
    onRun=${(/** @type {import('../../ui/palette.js').PaletteEntry} */ entry) => {
      markUsed(entry.id)
      entry.run()
    }} />`)
}

/** @param {Desk} desk */
async function showShortcuts(desk) {
  const [{ Shortcuts }, { shortcutGroups }] = await Promise.all([withStyles('parts', import('../../ui/shortcuts.js')), import('./palette_entries.js')])
  openOverlay(desk, close => html`<${Shortcuts} groups=${shortcutGroups(desk)} onClose=${close} />`)
}
