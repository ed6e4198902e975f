// The command palette and the list of shortcuts, over the page. Fetched when one of them is asked for.
import { html } from '../../../vendor/view.js'
import { Palette } from '../../ui/palette.js'
import { Shortcuts } from '../../ui/shortcuts.js'
import { withStyles } from '../../ui/styles.js'
import { openOverlay } from './desk.js'
import { markUsed, paletteEntries, recentlyUsed, shortcutGroups } from './palette_entries.js'

/** @typedef {import('./desk.js').Desk} Desk */

/** @param {Desk} desk */
export async function showPalette(desk) {
  await withStyles('parts', Promise.resolve())
  const entries = paletteEntries(desk)
  openOverlay(desk, close => html`<${Palette} entries=${entries} recent=${recentlyUsed()} onClose=${close}
    onRun=${(/** @type {import('../../ui/palette.js').PaletteEntry} */ entry) => {
      markUsed(entry.id)
      entry.run()
    }} />`)
}

/** @param {Desk} desk */
export async function showShortcuts(desk) {
  await withStyles('parts', Promise.resolve())
  openOverlay(desk, close => html`<${Shortcuts} groups=${shortcutGroups(desk)} onClose=${close} />`)
}
