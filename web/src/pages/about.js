// Starts about.html: its words in the reader's language, and the shortcuts of the document page.
import { html, render } from '../../vendor/view.js'
import { showSettings } from '../device/settings.js'
import { settleLanguage, t } from '../i18n/index.js'
import '../i18n/shell_parts.js'
import { ShortcutList } from '../ui/shortcuts.js'
import { translatePage } from '../ui/static_text.js'
import { PAGE_KEYS } from './document/page_keys.js'

settleLanguage().then(start)

function start() {
  showSettings()
  translatePage()
  document.title = `${t('shell.about')} · Coscribe`
  const list = () => html`<${ShortcutList} groups=${[{ name: t('shell.group.page'), entries: PAGE_KEYS.map(({ label, keys, also }) => ({ label: t(label), keys: also ? [keys, also] : [keys] })) }]} />`
  render(html`<${list} />`, /** @type {HTMLElement} */ (document.getElementById('shortcuts')))
}
