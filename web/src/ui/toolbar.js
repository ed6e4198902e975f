// A row of commands with one stop for the Tab key; arrow keys move inside.
import { html } from '../../vendor/view.js'
import { Icon } from './icon.js'

/** @param {{ label: string, commands: import('../editor/contract.js').EditorCommand[] }} props */
export function Toolbar({ label, commands }) {
  return html`<div class="toolbar" role="toolbar" aria-label=${label}>
    ${commands.map(command => html`<button type="button" key=${command.id} aria-label=${command.label} aria-pressed=${command.isActive?.()} onClick=${command.run}><${Icon} name=${command.icon ?? ''} /></button>`)}
  </div>`
}
