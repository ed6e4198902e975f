// Starts history.html: the timeline of a document on a page of its own.
import { effect, html, render } from '../../vendor/view.js'
import { followMe, loadMe } from '../device/me.js'
import { nameIn, pathOf } from '../device/names.js'
import { keepPagesOffline } from '../device/offline_pages.js'
import { followSettings, showSettings } from '../device/settings.js'
import { followLanguage, settleLanguage, t } from '../i18n/index.js'
import '../i18n/history.js'
import { inApp } from '../mount/index.js'
import { takeTokens } from '../mount/token.js'
import { LiveRegion } from '../ui/live.js'
import { Toasts } from '../ui/toast.js'
import { translatePage } from '../ui/static_text.js'
import { startTooltips } from '../ui/tooltip.js'
import { openHistory } from './history/open.js'

takeTokens()
const name = nameIn(location.pathname)
if (name === null) location.replace(inApp('/404.html'))
else start(name)

/** @param {string} name */
async function start(name) {
  showSettings()
  await settleLanguage()
  let me = loadMe()
  followSettings()
  followLanguage()
  followMe(name => (me = { ...me, name }))
  translatePage()
  const place = /** @type {HTMLElement} */ (document.getElementById('past'))
  render(html`<${LiveRegion} /><${Toasts} />`, /** @type {HTMLElement} */ (document.getElementById('messages')))
  const { scene } = await openHistory(place, { name, me: () => me.name, known: () => null, onLeave: () => location.assign(pathOf(name)) })
  effect(() => void (document.title = `${scene.index.value?.title || t('common.untitled')} · ${t('history.title')} · Coscribe`))
  startTooltips()
  keepPagesOffline()
}
