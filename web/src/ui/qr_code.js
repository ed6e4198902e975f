// A button that shows an address as a QR code, for a phone that is to open it. Nothing for one that is too long.
import { html, useState } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/share.js'

/** Light modules around it, which cameras need. */
const MARGIN = 4

/** @param {{ text: string }} props */
export function QrCode({ text }) {
  const [code, setCode] = useState(/** @type {boolean[][] | null | undefined} */ (undefined))
  const show = async () => setCode((await import('./qr.js')).qrOf(text))
  if (code === undefined) return html`<button class="link qr-show" type="button" onClick=${show}>${t('share.qr')}</button>`
  if (code === null) return null
  const size = code.length + 2 * MARGIN
  return html`<svg class="qr" viewBox=${`0 0 ${size} ${size}`} role="img" aria-label=${t('share.qr.of')} shape-rendering="crispEdges"><path fill="#000" d=${code.map(pathOf).join('')} /></svg>`
}

/** The dark modules of a row. @param {boolean[]} row @param {number} y */
function pathOf(row, y) {
  return row.map((isDark, x) => (isDark ? `M${x + MARGIN} ${y + MARGIN}h1v1h-1z` : '')).join('')
}
