// Keeps edits from getting lost on the way: the copy on this device, what the status says, leaving and coming back.
import { effect, signal, untracked } from '../../../vendor/view.js'
import { language } from '../../i18n/index.js'
import { DATABASE } from '../../mount/index.js'
import { statusOf } from '../../presence/status.js'
import { isKind, readMeta } from '../../sync/meta.js'
import { OfflineStore } from '../../sync/offline_store.js'
import { withStyles } from '../../ui/styles.js'

/** @typedef {import('../../sync/provider.js').Provider} Provider */

/** Copies of this device are looked through this long after the page has loaded, in ms: nobody waits for it. */
const EVICT_AFTER = 20_000

/** The copies on this device, with what lists tell about them. */
export function openStore() {
  return new OfflineStore({
    database: DATABASE,
    describe: doc => {
      const { title, kind } = readMeta(doc)
      return { title, kind }
    },
  })
}

/** A status that is computed again when something happened, and when the status itself says so. @param {Provider} provider */
export function followStatus(provider) {
  const compute = () => withSignIn(statusOf(provider.facts, Date.now()))
  const status = signal(compute())
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  const refresh = () => {
    clearTimeout(timer)
    const next = compute()
    status.value = next
    if (next.until !== null) timer = setTimeout(refresh, Math.max(10, next.until - Date.now()))
  }
  provider.subscribe(refresh)
  effect(() => language.value && untracked(refresh))
  return status
}

/** Who must sign in is led there first. @param {import('../../presence/status.js').Status} status @returns {import('../../presence/status.js').Status} */
function withSignIn(status) {
  return status.kind === 'sign-in' && document.documentElement.dataset.signIn ? { ...status, actions: ['sign-in', ...status.actions] } : status
}

/** Leaving the page, and asking the browser to keep what only it has. @param {Provider} provider @param {OfflineStore} store */
export function keepEdits(provider, store) {
  const flush = () => void provider.flush()
  addEventListener('pagehide', flush)
  document.addEventListener('visibilitychange', flush)
  addEventListener('beforeunload', event => {
    flush()
    const { unsaved, unstored } = provider.facts
    if (unsaved > 0 && unstored > 0) event.preventDefault()
  })
  beginOffline(provider)
  persistOffline(provider)
  bringRescue(provider)
  setTimeout(() => store.evict(undefined, provider.name).catch(() => {}), EVICT_AFTER)
}

/** What can be done about a status. @param {import('./desk.js').Desk} desk @param {import('../../presence/status.js').Action} action */
export function act(desk, action) {
  if (action === 'retry') desk.provider.connect()
  else if (action === 'resume') desk.provider.resume()
  else if (action === 'reload') location.reload()
  else if (action === 'ask') withStyles('parts', import('./asking.js')).then(({ ask }) => ask(desk))
  else if (action === 'sign-in') import('./signing_in.js').then(({ signIn }) => signIn(desk))
  else if (action === 'restore' || action === 'create') import('./absent.js').then(absent => absent[action](desk))
  else import('./rescuing.js').then(({ download }) => download(desk))
}

/** Where nothing can be stored, the way to download a text has to be here before the connection goes. @param {Provider} provider */
function bringRescue(provider) {
  const stop = provider.subscribe(() => {
    if (!['refused', 'slow'].includes(provider.facts.storage)) return
    stop()
    import('./rescuing.js').catch(() => {})
  })
}

/** An address that says what kind of document to make makes one, also while the server cannot be asked. @param {Provider} provider */
function beginOffline(provider) {
  if (!isKind(new URLSearchParams(location.search).get('kind'))) return
  const stop = provider.subscribe(() => {
    const { loaded, copied, storage, failures, stop: end } = provider.facts
    // It may be on this device, still.
    if (storage === 'opening' || storage === 'slow' || (!loaded && !copied && !end && failures === 0)) return
    stop()
    if (!loaded && !copied && !end) provider.begin()
  })
}

/** Browsers may give up what sites store; from the first edit that only this device has, ask them not to. @param {Provider} provider */
function persistOffline(provider) {
  const stop = provider.subscribe(() => {
    const { unsaved, lostAt, failures } = provider.facts
    if (unsaved === 0 || lostAt === null || failures === 0) return
    stop()
    navigator.storage?.persist?.().catch(() => {})
  })
}
