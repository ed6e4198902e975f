// The foot of the home page and the bin: where to read on, theme and language.
import { html } from '../../vendor/view.js'
import { choose, settings } from '../device/settings.js'
import { LANGUAGES, chooseLanguage, language, t } from '../i18n/index.js'
import '../i18n/home.js'
import { inApp } from '../mount/index.js'

export function Foot() {
  return html`<footer class="foot">
    <a href=${inApp('/about')}>${t('home.about')}</a>
    <span class="grow"></span>
    <label><span class="unseen">${t('common.theme')}</span>
      <select value=${settings.theme.value} onChange=${(/** @type {Event} */ event) => choose('theme', /** @type {HTMLSelectElement} */ (event.target).value)}>
        <option value="system">${t('common.theme.system')}</option><option value="light">${t('common.theme.light')}</option><option value="dark">${t('common.theme.dark')}</option>
      </select></label>
    <label><span class="unseen">${t('home.language')}</span>
      <select value=${language.value} onChange=${(/** @type {Event} */ event) => void chooseLanguage(/** @type {import('../i18n/index.js').Language} */ (/** @type {HTMLSelectElement} */ (event.target).value))}>
        ${Object.entries(LANGUAGES).map(([tag, name]) => html`<option key=${tag} value=${tag} lang=${tag}>${name}</option>`)}
      </select></label>
  </footer>`
}
