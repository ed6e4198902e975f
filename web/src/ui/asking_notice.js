// Who waits for access, one after the other, and the two answers. Draws; answering is done by whoever shows it.
import { html, useState } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/access.js'
import '../i18n/shell.js'

/**
 * @param {object} props
 * @param {import('../api/access.js').Asking | undefined} props.asking
 * @param {(allow: boolean) => Promise<void>} props.onAnswer
 */
export function AskingNotice({ asking, onAnswer }) {
  const [isBusy, setBusy] = useState(false)
  if (!asking) return null
  const { access, name, verified, note } = asking
  const answer = async (/** @type {boolean} */ allow) => {
    setBusy(true)
    await onAnswer(allow)
    setBusy(false)
  }
  return html`<section class="notice" role="status">
    <p><strong>${t(`access.asks.${access}`, { name: name || t('shell.someone') })}</strong>${note && html` <q>${note}</q>`}${!verified && html` ${t('access.unverified')}`}</p>
    <button class="button button-main" type="button" disabled=${isBusy} onClick=${() => answer(true)}>${t('access.allow')}</button>
    <button class="button" type="button" disabled=${isBusy} onClick=${() => answer(false)}>${t('access.later')}</button>
  </section>`
}
