// A dialog that lists shortcuts in groups. Draws what it is given.
import { html } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/shell.js'
import { Dialog } from './dialog.js'
import { shortcutText } from './keys.js'

/** @typedef {{ name: string, entries: { label: string, keys: string[] }[] }} ShortcutGroup */

/** @param {{ groups: ShortcutGroup[], onClose: () => void }} props */
export function Shortcuts({ groups, onClose }) {
  return html`<${Dialog} title=${t('shell.shortcuts')} isWide onClose=${onClose}><${ShortcutList} groups=${groups} /><//>`
}

/** @param {{ groups: ShortcutGroup[] }} props */
export function ShortcutList({ groups }) {
  return html`<div class="shortcuts">${groups.map(group => html`<section key=${group.name}>
    <h3>${group.name}</h3>
    <dl>${group.entries.map(entry => html`<dt>${entry.label}</dt><dd>${entry.keys.map((keys, index) => html`${index > 0 && ' '}<kbd>${shortcutText(keys)}</kbd>`)}</dd>`)}</dl>
  </section>`)}</div>`
}
