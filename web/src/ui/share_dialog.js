// How others come to this document: its address to pass on and, for its owner, links that let people in. Draws; where
// addresses lead and who may make links is the business of whoever shows it.
import { html } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/share.js'
import { CopyField } from './copy_field.js'
import { Dialog } from './dialog.js'
import { ShareLinks } from './share_links.js'

/** Who looks: everybody may do everything; an owner of the document; somebody else. @typedef {'open' | 'owner' | 'other'} Standing */

/**
 * @param {object} props
 * @param {Standing} props.standing
 * @param {string} props.page the address that leads here
 * @param {import('./share_links.js').Links} props.links
 * @param {() => void} props.onClose
 */
export function ShareDialog({ standing, page, links, onClose }) {
  return html`<${Dialog} title=${t('share.title')} onClose=${onClose}>
    <${CopyField} value=${page} label=${t('share.page')} note=${t(`share.page.${standing}`)} isMain=${standing !== 'owner'} />
    ${standing === 'owner' && html`<${ShareLinks} ...${links} />`}
  <//>`
}
