// The record of what others did, one per page. Kept from the moment somebody else is here.
import { signal } from '../../../vendor/view.js'
import { settings } from '../../device/settings.js'
import { Activity } from '../../presence/activity.js'

/** @typedef {import('../../presence/activity.js').Line} Line */

/** @type {{ value: Line[] } | undefined} */
let lines

/** @param {import('./desk.js').Desk} desk @returns {{ value: Line[] }} */
export function activityOf({ provider, me }) {
  if (lines) return lines
  const shown = signal(/** @type {Line[]} */ ([]))
  const activity = new Activity(provider.doc, provider.awareness, {
    detail: () => /** @type {import('../../presence/activity.js').Detail} */ (settings.activity.value),
    changed: () => (shown.value = activity.lines),
    myKey: me.value.id,
  })
  lines = shown
  return lines
}
