// Starts bin.html: what was deleted, and the way back.
import { effect, html, render } from '../../vendor/view.js'
import { Documents } from '../api/documents.js'
import { followMe, loadMe } from '../device/me.js'
import { followSettings, showSettings } from '../device/settings.js'
import { Bin, BinPage } from '../home/bin_page.js'
import { startClock } from '../home/words.js'
import { followLanguage, settleLanguage, t } from '../i18n/index.js'
import '../i18n/home.js'
import { takeTokens } from '../mount/token.js'
import { LiveRegion } from '../ui/live.js'
import { Toasts, toast } from '../ui/toast.js'

takeTokens()
settleLanguage().then(start)

function start() {
  showSettings()
  followSettings()
  followLanguage()
  const me = loadMe()
  followMe(name => void (me.name = name))
  const bin = new Bin({ api: new Documents(() => me.name), toast, go: path => location.assign(path) })
  effect(() => {
    document.title = t('home.bin.page')
  })
  const place = /** @type {HTMLElement} */ (document.getElementById('home'))
  place.replaceChildren()
  const page = () => html`<${BinPage} bin=${bin} /><${Toasts} /><${LiveRegion} />`
  render(html`<${page} />`, place)
  startClock()
  const refresh = () => document.visibilityState === 'visible' && void bin.refresh()
  refresh()
  document.addEventListener('visibilitychange', refresh)
  addEventListener('online', refresh)
}
