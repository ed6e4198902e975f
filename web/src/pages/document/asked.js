// Shows the owner who asks for access to the document. Fetched where somebody may ask.
import { html, render, signal } from '../../../vendor/view.js'
import { AccessRequests } from '../../api/access.js'
import { ApiError } from '../../api/http.js'
import { explain } from '../../api/problems.js'
import { toast } from '../../ui/toast.js'
import { AskingNotice } from '../../ui/asking_notice.js'
import { element } from './desk.js'

/** @typedef {import('./desk.js').Desk} Desk */

/** Who waits. */
const asking = signal(/** @type {import('../../api/access.js').Asking[]} */ ([]))

/** Reads who waits, now. @param {Desk} desk */
export async function readRequests(desk) {
  const requests = new AccessRequests(desk.name, () => desk.me.value.name)
  // Whoever waits longer is read with the next one who asks.
  asking.value = await requests.list().catch(() => asking.value)
  render(html`<${Asked} requests=${requests} />`, element('asked'))
}

/** @param {{ requests: AccessRequests }} props */
function Asked({ requests }) {
  const [first] = asking.value
  return html`<${AskingNotice} key=${first?.id} asking=${first} onAnswer=${async (/** @type {boolean} */ allow) => {
    try {
      await requests.answer(first.id, allow)
    } catch (error) {
      // Another owner was faster, or it waited too long.
      if (!(error instanceof ApiError && error.status === 404)) return void toast(explain(error))
    }
    asking.value = asking.value.filter(({ id }) => id !== first.id)
  }} />`
}
