// A document's title, edited in place: Enter and leaving the field save, Escape takes back. It is as wide as
// its text.
import { html, useRef } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/shell.js'

/**
 * @param {object} props
 * @param {string} props.title
 * @param {number} props.longest
 * @param {boolean} props.canEdit
 * @param {(title: string) => void} props.onSave
 * @param {() => void} props.onLeave goes on to the text
 */
export function TitleField({ title, longest, canEdit, onSave, onLeave }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null))
  const isTaken = useRef(false)
  const save = () => {
    const typed = field.current?.value.trim() ?? ''
    if (!isTaken.current && typed !== title) onSave(typed)
    else if (field.current) field.current.value = title
    isTaken.current = false
    fitTo(field.current)
  }
  /** @param {KeyboardEvent} event */
  const onKey = event => {
    if (event.isComposing || (event.key !== 'Enter' && event.key !== 'Escape')) return
    event.preventDefault()
    isTaken.current = event.key === 'Escape'
    field.current?.blur()
    onLeave()
  }
  // What somebody else names it while this field is being edited waits until it is left.
  const shown = field.current && field.current === document.activeElement ? field.current.value : title
  return html`<h1 class="title"><span class="title-sizer" data-text=${shown || t('common.untitled')}>
    <input class="title-field" size="1" ref=${field} value=${shown} placeholder=${t('common.untitled')} aria-label=${t('shell.title')} maxlength=${longest} readonly=${!canEdit}
      spellcheck="false" autocomplete="off" onInput=${() => fitTo(field.current)} onBlur=${save} onKeyDown=${onKey} />
  </span></h1>`
}

/** @param {HTMLInputElement | null} field */
function fitTo(field) {
  field?.parentElement?.setAttribute('data-text', field.value || field.placeholder)
}
