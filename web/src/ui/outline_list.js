// The panel's list of headings; the one above the caret is marked. Draws what it is given.
import { html } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/shell.js'
import '../i18n/shell_parts.js'

/**
 * @param {object} props
 * @param {import('../editor/contract.js').Heading[]} props.headings
 * @param {number} props.current index of the one the caret is under; -1 for none
 */
export function OutlineList({ headings, current }) {
  const top = Math.min(...headings.map(heading => heading.level))
  if (headings.length === 0) return html`<p class="hint">${t('shell.outline.none')}</p>`
  return html`<nav aria-label=${t('shell.outline')}><ul>
    ${headings.map((heading, index) => html`<li key=${index}><button class="outline-link" type="button" style=${`padding-inline-start: ${10 + (heading.level - top) * 14}px`}
      aria-current=${index === current ? 'location' : undefined} onClick=${heading.go}>${heading.text || t('shell.outline.empty')}</button></li>`)}
  </ul></nav>`
}
