// Asks for the person's name. Keeps nothing.
import { html } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/shell_parts.js'
import { Dialog } from './dialog.js'

/**
 * @param {object} props
 * @param {string} props.name
 * @param {number} props.longest
 * @param {(name: string) => void} props.onSave
 * @param {() => void} props.onClose
 */
export function NameDialog({ name, longest, onSave, onClose }) {
  /** @param {SubmitEvent} event */
  const save = event => {
    const form = /** @type {HTMLFormElement} */ (event.target)
    onSave(String(new FormData(form).get('name')))
  }
  return html`<${Dialog} title=${t('shell.name')} onClose=${onClose}>
    <form method="dialog" onSubmit=${save}>
      <p>${t('shell.name.why')}</p>
      <input class="field" name="name" aria-label=${t('shell.name')} defaultValue=${name} maxlength=${longest} autocomplete="nickname" required autofocus />
      <div class="row row-end">
        <button class="button button-main" type="submit">${t('common.save')}</button>
      </div>
    </form>
  <//>`
}
