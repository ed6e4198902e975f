// An address to take along: a field that selects itself, a button that copies it, and a line that says what happened. The
// line is here and not among the messages of the page, which nobody hears or reads behind a dialog.
import { html, useEffect, useRef, useState } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/share.js'

/** How long it says that it was copied, in ms. */
const SAYS_SO = 4000

/**
 * @param {object} props
 * @param {string} props.value
 * @param {string} props.label
 * @param {string} props.note said below while nothing else is
 * @param {boolean} [props.isMain] copying it is what is to be done now
 */
export function CopyField({ value, label, note, isMain = false }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null))
  const [outcome, setOutcome] = useState(/** @type {'' | 'copied' | 'failed'} */ (''))
  useEffect(() => {
    const timer = outcome === 'copied' ? setTimeout(() => setOutcome(''), SAYS_SO) : undefined
    return () => clearTimeout(timer)
  }, [outcome])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value)
      setOutcome('copied')
    } catch {
      // Browsers allow this only on https and loopback, and people may refuse it.
      field.current?.select()
      setOutcome('failed')
    }
  }
  return html`<div class="copy">
    <input class="field copy-field" ref=${field} readonly value=${value} aria-label=${label} onFocus=${() => field.current?.select()} />
    <button class="button ${isMain ? 'button-main' : ''}" type="button" onClick=${copy}>${t('share.copy')}</button>
    <p class="copy-note" role="status" data-outcome=${outcome}>${outcome === 'copied' ? t('share.copied') : outcome === 'failed' ? t('share.copy-failed') : note}</p>
  </div>`
}
