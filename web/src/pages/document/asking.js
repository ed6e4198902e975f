// Asks the owners for access and waits for their answer, which comes as a share link: the page goes on with that, where it
// is. Fetched when somebody asks.
import { html } from '../../../vendor/view.js'
import { AccessRequests } from '../../api/access.js'
import { explain } from '../../api/problems.js'
import { t } from '../../i18n/index.js'
import '../../i18n/access.js'
import { keepLink } from '../../mount/token.js'
import { AskDialog } from '../../ui/ask_dialog.js'
import { toast } from '../../ui/toast.js'
import { openOverlay } from './desk.js'

/** @typedef {import('./desk.js').Desk} Desk */

/** How often a page that is seen looks for the answer, in ms. */
const EVERY = 3000
/** The server keeps a request this long, in ms. */
const LASTS = 3_600_000

/** The request that waits. @type {AbortController | null} */
let waiting = null

/** @param {Desk} desk */
export function ask(desk) {
  // Whoever sees the document wants to edit it.
  const access = desk.provider.facts.stop === 'denied' ? 'view' : 'edit'
  openOverlay(desk, close => html`<${AskDialog} access=${access} name=${desk.me.value.name} onClose=${close}
    onAsk=${(/** @type {string} */ note) => void wait(desk, access, note)} />`)
}

/** @param {Desk} desk @param {import('../../api/access.js').Wanted} access @param {string} note */
async function wait(desk, access, note) {
  waiting?.abort()
  const { signal } = (waiting = new AbortController())
  const requests = new AccessRequests(desk.name, () => desk.me.value.name)
  const ticket = newTicket()
  const until = Date.now() + LASTS
  let isTold = false
  while (!signal.aborted && Date.now() < until) {
    try {
      const answer = await requests.ask(ticket, access, note)
      if (signal.aborted) return
      if (answer.state === 'allowed') return enter(desk, answer.token)
      if (answer.state === 'refused') return void toast(t('access.refused'))
      if (!isTold) toast(t('access.sent'))
      isTold = true
    } catch (error) {
      // Later there may be a connection again, but who was never heard should know.
      if (!isTold) return void toast(explain(error))
    }
    await pause()
  }
}

/** @param {Desk} desk @param {string} token */
function enter(desk, token) {
  const { provider } = desk
  keepLink(desk.name, token)
  toast(t('access.allowed'))
  if (provider.facts.stop) return provider.resume()
  provider.disconnect()
  provider.connect()
}

/** 256 random bits that nobody else knows. */
function newTicket() {
  const letters = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))
  return letters.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** A while, and for as long as nobody looks. */
const pause = () => new Promise(resolve => {
  const look = () => {
    if (document.visibilityState === 'hidden') return
    document.removeEventListener('visibilitychange', look)
    resolve(undefined)
  }
  setTimeout(() => (document.addEventListener('visibilitychange', look), look()), EVERY)
})
