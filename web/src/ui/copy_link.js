// Copies the page's address and says whether that worked; and a button for it.
import { html } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/shell.js'
import { Icon } from './icon.js'
import { toast } from './toast.js'

/** Copies this page's address. */
export async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href)
    toast(t('shell.link.copied'))
  } catch {
    // Browsers allow this only on https and loopback, and people may refuse it.
    toast(t('shell.link.failed'))
  }
}

/** A button for the top bar. */
export function CopyLink() {
  return html`<button class="button is-wide-only" type="button" onClick=${copyLink}><${Icon} name="link" /> ${t('shell.link.copy')}</button>`
}
