// Starts 404.html: says in the reader's language that nothing is here.
import { showSettings } from '../device/settings.js'
import { settleLanguage, t } from '../i18n/index.js'
import '../i18n/home.js'
import { translatePage } from '../ui/static_text.js'

settleLanguage().then(() => {
  showSettings()
  translatePage()
  document.title = t('home.missing.page')
})
