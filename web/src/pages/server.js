// Starts server.html: what moves in the server, second by second, for those who run it.
import { effect, html, render } from '../../vendor/view.js'
import { loadMe } from '../device/me.js'
import { followSettings, showSettings } from '../device/settings.js'
import { followLanguage, settleLanguage, t } from '../i18n/index.js'
import '../i18n/server.js'
import { takeTokens } from '../mount/token.js'
import { LiveRegion } from '../ui/live.js'
import { Toasts } from '../ui/toast.js'
import { Desk } from './server/desk.js'
import { ServerPage } from './server/view.js'

takeTokens()
settleLanguage().then(start)

function start() {
  showSettings()
  followSettings()
  followLanguage()
  const me = loadMe()
  const desk = new Desk(() => me.name)
  effect(() => {
    document.title = `${t('server.title')} · Coscribe`
  })
  const place = /** @type {HTMLElement} */ (document.getElementById('server'))
  place.replaceChildren()
  const page = () => html`<${ServerPage} desk=${desk} /><${Toasts} /><${LiveRegion} />`
  render(html`<${page} />`, place)
  // Nobody looks at a page that is hidden: the stream stops, and begins again with what was missed.
  const look = () => (document.visibilityState === 'visible' ? desk.open() : desk.close())
  look()
  document.addEventListener('visibilitychange', look)
}
