// Shows a status: a dot, a word, more on click. Screen readers hear changes of kind only, and not oftener than
// every 3 s, as a sentence per keystroke would drown the text. Draws; computes nothing.
import { html, signal, useEffect, useRef } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/status.js'

/** Shortest time between two announcements, in ms. */
const ANNOUNCE_EVERY = 3000
/** What is over before anybody has heard of it is not announced. */
const UNHEARD = ['', 'loading', 'connecting']

/** What was announced last. */
const announced = signal('')

/**
 * @param {object} props
 * @param {import('../presence/status.js').Status} props.status
 * @param {(action: import('../presence/status.js').Action) => void} props.onAction
 */
export function StatusBadge({ status, onAction }) {
  useAnnouncement(status)
  return html`
    <button class="status" type="button" data-status=${status.kind} data-tone=${status.tone} title=${status.detail}
      hidden=${status.text === ''} popovertarget="status-detail">
      <span class="status-dot" aria-hidden="true"></span>
      <span class="status-long">${status.text}</span>
      <span class="status-short" aria-hidden="true">${status.short}</span>
    </button>
    <div class="popover" id="status-detail" popover>
      <p><strong>${status.text}</strong></p>
      <p>${status.detail}</p>
      ${!globalThis.isSecureContext && html`<p>${t('status.insecure')}</p>`}
      ${status.actions.length > 0 && html`<div class="row">
        ${status.actions.map(action => html`<button class="button" type="button" key=${action} onClick=${() => onAction(action)}>${t(`status.action.${action}`)}</button>`)}
      </div>`}
    </div>
    <span class="unseen" role="status" aria-live="polite">${announced}</span>
  `
}

/** Says the newest kind of status aloud, when the last announcement is long enough ago. @param {import('../presence/status.js').Status} status */
function useAnnouncement(status) {
  const last = useRef({ kind: '', at: -Infinity })
  const newest = useRef(status)
  newest.current = status
  // Typing makes "Saving…" and "Saved" take turns; that all is well is said once, and again after it was not.
  const kind = status.text === '' || (status.kind === 'saving' && status.tone === 'busy') ? '' : status.kind
  useEffect(() => {
    if (kind === '' || kind === last.current.kind) return undefined
    const wait = last.current.at + ANNOUNCE_EVERY - Date.now()
    const timer = setTimeout(() => {
      const isFirst = last.current.kind === ''
      last.current = { kind, at: Date.now() }
      // A page that opens well needs no word.
      if (!(isFirst && kind === 'saved') && !UNHEARD.includes(kind)) announced.value = newest.current.text
    }, Math.max(0, wait))
    return () => clearTimeout(timer)
  }, [kind])
}
