// Shows who may open the document by a link. Fetched when somebody asks for it.
import { html } from '../../../vendor/view.js'
import { explain } from '../../api/problems.js'
import { Shares } from '../../api/shares.js'
import { pathOf } from '../../device/names.js'
import { ShareDialog } from '../../ui/share_dialog.js'
import { openOverlay } from './desk.js'

/** @param {import('./desk.js').Desk} desk */
export function share(desk) {
  const shares = new Shares(desk.name, () => desk.me.value.name)
  const address = (/** @type {string} */ token) => `${location.origin}${pathOf(desk.name)}#share=${token}`
  openOverlay(desk, close => html`<${ShareDialog} list=${() => shares.list()} end=${(/** @type {string} */ id) => shares.end(id)}
    make=${(/** @type {import('../../api/shares.js').LinkAccess} */ access, /** @type {number | null} */ expires) => shares.make(access, expires)}
    address=${address} copy=${(/** @type {string} */ text) => navigator.clipboard.writeText(text)} explain=${explain} onClose=${close} />`)
}
