// Starts index.html: wires the lists of documents to the server and this device.
import { effect, html, render, signal } from '../../vendor/view.js'
import { Documents } from '../api/documents.js'
import { followMe, loadMe } from '../device/me.js'
import { pathOf } from '../device/names.js'
import { keepPagesOffline } from '../device/offline_pages.js'
import { describeRecent, forgetRecent, listRecent } from '../device/recent.js'
import { takeRemoved } from '../device/removed.js'
import { followSettings, showSettings } from '../device/settings.js'
import { read, write } from '../device/storage.js'
import { Actions } from '../home/actions.js'
import { takeFiles } from '../home/drop.js'
import { Importing } from '../home/importing.js'
import { Library } from '../home/library.js'
import { readOnDevice } from '../home/on_device.js'
import { Home } from '../home/page.js'
import { startClock } from '../home/words.js'
import { followLanguage, settleLanguage, t } from '../i18n/index.js'
import '../i18n/home.js'
import { takeTokens } from '../mount/token.js'
import { LiveRegion } from '../ui/live.js'
import { Toasts, toast } from '../ui/toast.js'

const LOOK = 'coscribe.home.look'
/** How often the list is read again while somebody looks at it, in ms. */
const REFRESH = 30_000

takeTokens()
settleLanguage().then(start)

function start() {
  showSettings()
  followSettings()
  followLanguage()
  const me = loadMe()
  followMe(name => void (me.name = name))
  const api = new Documents(() => me.name)
  const library = new Library({ api, readLocal: readOnDevice, describeLocal: describeRecent, mayMove })
  library.local.value = listRecent()
  const actions = new Actions({ api, library, toast, go: path => location.assign(path), forgetLocal: forgetRecent })
  const importing = new Importing({ api, onMade: info => library.put([info]), onOnly: name => location.assign(pathOf(name)) })
  const look = signal(read(LOOK, 'list') === 'cards' ? /** @type {const} */ ('cards') : /** @type {const} */ ('list'))
  effect(() => write(LOOK, look.value))
  followNetwork(library)
  effect(() => {
    document.title = t('home.page')
  })

  const place = /** @type {HTMLElement} */ (document.getElementById('home'))
  place.replaceChildren()
  const page = () => html`<${Home} library=${library} actions=${actions} importing=${importing} look=${look} /><${Toasts} /><${LiveRegion} />`
  render(html`<${page} />`, place)

  const removed = takeRemoved()
  if (removed) actions.offerBack(removed)
  takeFiles(files => void importing.add(files))
  startClock()
  keepFresh(library)
  addEventListener('pageshow', () => (actions.isCreating = false))
  listenForSlash()
  keepPagesOffline()
}

/** Rows change places only when nobody points at them or works in them. */
function mayMove() {
  return document.querySelector('main ul:hover, main ul:focus-within, .menu') === null
}

/** @param {Library} library */
function followNetwork(library) {
  library.isOnline.value = navigator.onLine
  addEventListener('offline', () => (library.isOnline.value = false))
  addEventListener('online', () => {
    library.isOnline.value = true
    void library.refresh()
  })
}

/** Reads the lists now, when somebody comes back to the page, and now and then while it is looked at. @param {Library} library */
function keepFresh(library) {
  const refresh = () => document.visibilityState === 'visible' && void library.refresh()
  refresh()
  setInterval(refresh, REFRESH)
  document.addEventListener('visibilitychange', refresh)
  // A page restored by the back button must show what was opened meanwhile.
  addEventListener('pageshow', event => event.persisted && refresh())
}

function listenForSlash() {
  addEventListener('keydown', event => {
    const isTyping = /** @type {HTMLElement} */ (event.target).closest?.('input, textarea, select, [contenteditable], dialog, .menu')
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    const field = /** @type {HTMLInputElement | null} */ (document.getElementById('search'))
    field?.focus()
    field?.select()
  })
}
