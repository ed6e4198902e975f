// Asks what to tell the owner of a document together with the wish for access. Sends nothing itself.
import { html } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/access.js'
import { Dialog } from './dialog.js'

/** Longest note, as the server keeps it. */
const LONGEST = 280

/**
 * @param {object} props
 * @param {import('../api/access.js').Wanted} props.access
 * @param {string} props.name under which the person asks
 * @param {(note: string) => void} props.onAsk
 * @param {() => void} props.onClose
 */
export function AskDialog({ access, name, onAsk, onClose }) {
  /** @param {SubmitEvent} event */
  const ask = event => {
    event.preventDefault()
    onAsk(String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('note')).trim())
    onClose()
  }
  return html`<${Dialog} title=${t(`access.ask.${access}`)} onClose=${onClose}>
    <form onSubmit=${ask}>
      <p>${t('access.ask.why', { name })}</p>
      <textarea class="field access-note" name="note" rows="3" maxlength=${LONGEST} aria-label=${t('access.note')} placeholder=${t('access.note')}></textarea>
      <div class="row"><button class="button button-main" type="submit">${t('access.send')}</button><button class="button" type="button" onClick=${onClose}>${t('common.cancel')}</button></div>
    </form>
  <//>`
}
