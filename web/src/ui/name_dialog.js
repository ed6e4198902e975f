// Asks for the person's name. Keeps nothing.
import { html, useEffect, useRef } from '../../vendor/view.js'

/**
 * @param {object} props
 * @param {string} props.name
 * @param {number} props.longest
 * @param {(name: string) => void} props.onSave
 * @param {() => void} props.onClose
 */
export function NameDialog({ name, longest, onSave, onClose }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null))
  useEffect(() => dialog.current?.showModal(), [])
  /** @param {SubmitEvent} event */
  const save = event => {
    const form = /** @type {HTMLFormElement} */ (event.target)
    onSave(String(new FormData(form).get('name')))
  }
  return html`
    <dialog class="dialog" ref=${dialog} onClose=${onClose} aria-labelledby="name-title">
      <form method="dialog" onSubmit=${save}>
        <h2 id="name-title">Your name</h2>
        <p>Others see it beside your caret. It is kept on this device.</p>
        <input class="field" name="name" aria-labelledby="name-title" defaultValue=${name} maxlength=${longest} autocomplete="nickname" required autofocus />
        <div class="row row-end">
          <button class="button" type="button" onClick=${() => dialog.current?.close()}>Cancel</button>
          <button class="button button-main" type="submit">Save</button>
        </div>
      </form>
    </dialog>
  `
}
