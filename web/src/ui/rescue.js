// Shown when edits cannot be sent as things are, or nothing can be edited any more: what happened, and ways to keep
// the text. Draws and asks; saving and throwing away is done by whoever shows it.
import { html, useState } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/rescue.js'
import '../i18n/status.js'
import { inApp } from '../mount/index.js'

/** What to do first when nothing can be lost. @type {import('../presence/status.js').Action[]} */
const GOOD = ['restore', 'create', 'sign-in', 'ask']

/**
 * @param {object} props
 * @param {import('../presence/status.js').Status} props.status
 * @param {string} props.more said besides; may be empty
 * @param {number} props.unsent edits that only this device has
 * @param {boolean} props.hasText there is something to keep
 * @param {() => Promise<void>} props.onKeep saves everything as a new document and goes there
 * @param {() => void} props.onDownload
 * @param {() => Promise<void>} props.onDiscard
 * @param {(action: import('../presence/status.js').Action) => void} props.onAction
 */
export function Rescue({ status, more, unsent, hasText, onKeep, onDownload, onDiscard, onAction }) {
  const [state, setState] = useState(/** @type {'asking' | 'confirming' | 'busy' | 'failed'} */ ('asking'))
  const isReplaced = status.kind === 'replaced'
  const canLose = hasText && (unsent > 0 || isReplaced)
  const run = async (/** @type {() => Promise<void>} */ work) => {
    setState('busy')
    await work().catch(() => setState('failed'))
  }
  const button = (/** @type {string} */ text, /** @type {() => void} */ act, look = '') =>
    html`<button class="button ${look}" type="button" disabled=${state === 'busy'} onClick=${act}>${text}</button>`
  return html`
    <section class="rescue" role="alert" aria-labelledby="rescue-title">
      <h2 id="rescue-title">${status.text}</h2>
      <p>${status.detail} ${more}</p>
      ${state === 'failed' && html`<p>${t('rescue.failed')}</p>`}
      ${state === 'confirming'
        ? html`<p>${t('rescue.confirm')}</p><div class="row">
            ${button(t('rescue.confirm.yes'), () => run(onDiscard), 'button-bad')}
            ${button(t('common.cancel'), () => setState('asking'))}
          </div>`
        : html`<div class="row">
            ${canLose && button(t(isReplaced ? 'rescue.keep.replaced' : 'rescue.keep'), () => run(onKeep), 'button-main')}
            ${hasText && button(t('rescue.download'), onDownload)}
            ${canLose && button(t(isReplaced ? 'rescue.discard.replaced' : 'rescue.discard'), () => setState('confirming'))}
            ${status.actions.filter(action => action !== 'download').map(action => button(t(`status.action.${action}`), () => onAction(action), !canLose && GOOD.includes(action) ? 'button-main' : ''))}
            <a class="button" href=${inApp('/')}>${t('rescue.all')}</a>
          </div>`}
    </section>
  `
}
