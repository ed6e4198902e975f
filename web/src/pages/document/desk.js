// What the parts of the document page share: one record of signals, made once. Knows no part.
import { signal } from '../../../vendor/view.js'
import { readMeta } from '../../sync/meta.js'

/** Under what this tab remembers the caret of who went to sign in. */
export const CARET = 'coscribe.caret'

/** @template T @typedef {{ value: T }} Signal */
/** @typedef {'people' | 'outline'} PanelName */

/**
 * @typedef {object} Desk
 * @property {string} name the document's, now
 * @property {import('../../sync/provider.js').Provider} provider
 * @property {Signal<import('../../device/me.js').Person>} me
 * @property {Signal<import('../../presence/people.js').Present[]>} people
 * @property {Signal<import('../../presence/status.js').Status>} status
 * @property {Signal<import('../../sync/meta.js').Meta>} meta
 * @property {Signal<import('../../sync/meta.js').Kind>} kind what is shown as
 * @property {Signal<import('../../editor/contract.js').OpenEditor | null>} editor
 * @property {Signal<boolean>} canEdit
 * @property {Signal<import('../../editor/contract.js').Problem | null>} problem
 * @property {Signal<number>} frame ticks after the editor changed, once per frame
 * @property {Signal<PanelName | null>} panel
 * @property {Signal<{ person: import('../../presence/people.js').Present, stop: () => void } | null>} following
 * @property {Signal<import('../history/scene.js').Look[]>} authors who wrote it, while that is shown
 * @property {Signal<(() => any) | null>} overlay draws the open dialog
 */

/** @param {Pick<Desk, 'provider' | 'me' | 'people' | 'status' | 'kind'>} parts @returns {Desk} */
export function setDesk(parts) {
  return {
    ...parts,
    get name() {
      return parts.provider.name
    },
    meta: signal(readMeta(parts.provider.doc)),
    editor: signal(null),
    canEdit: signal(true),
    problem: signal(null),
    frame: signal(0),
    panel: signal(null),
    following: signal(null),
    authors: signal([]),
    overlay: signal(null),
  }
}

/** Shows a dialog; `draw` gets what closes it. @param {Desk} desk @param {(close: () => void) => any} draw */
export function openOverlay(desk, draw) {
  const close = () => {
    if (desk.overlay.value === view) desk.overlay.value = null
  }
  const view = () => draw(close)
  desk.overlay.value = view
}

/** @param {string} id */
export function element(id) {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no element #${id}`)
  return found
}
