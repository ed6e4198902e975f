// The bar above the text: where home is, what the document is called, how it is doing, who is here.
import { html } from '../../../vendor/view.js'
import { t } from '../../i18n/index.js'
import '../../i18n/shell.js'
import { TITLE_LONGEST, writeMeta } from '../../sync/meta.js'
import { Avatars } from '../../ui/avatars.js'
import { CopyLink } from '../../ui/copy_link.js'
import { Icon } from '../../ui/icon.js'
import { MenuButton } from '../../ui/menu_button.js'
import { StatusBadge } from '../../ui/status_badge.js'
import { TitleField } from '../../ui/title_field.js'
import { act } from './keeping.js'
import { focusText, jumpTo, openPanel } from './moves.js'

/** @param {{ desk: import('./desk.js').Desk }} props */
export function TopBar({ desk }) {
  const isHere = desk.editor.value !== null
  const canEdit = desk.canEdit.value && desk.problem.value === null && isHere
  // With the document comes its title; what stands beside it is drawn anew then, so that nothing moves.
  return html`
    ${isHere && html`<${TitleField} title=${desk.meta.value.title} longest=${TITLE_LONGEST} canEdit=${canEdit}
      onSave=${(/** @type {string} */ title) => writeMeta(desk.provider.doc, { title })} onLeave=${() => focusText(desk)} />
      <span class="kind">${t(`common.kind.${desk.kind.value}`)}</span>`}
    <${StatusBadge} key=${isHere} status=${desk.status.value} onAction=${(/** @type {import('../../presence/status.js').Action} */ action) => act(desk, action)} />
    <${Avatars} people=${desk.people.value} onMore=${() => openPanel(desk, 'people')}
      onChoose=${(/** @type {import('../../presence/people.js').Present} */ person) => (person.isMe ? openPanel(desk, 'people') : jumpTo(desk, person))} />
    <${CopyLink} />
    <button class="button-bare is-wide-only" type="button" aria-label=${t('shell.history')} data-tip=${t('shell.history')} data-keys="Mod-Alt-h" onClick=${async () => (await import('./past.js')).showPast(desk)}><${Icon} name="history" /></button>
    <button class="button-bare is-wide-only" type="button" aria-label=${t('shell.panel')} data-tip=${t('shell.panel')} data-keys="Mod-Alt-u" aria-pressed=${String(desk.panel.value !== null)}
      onClick=${() => (desk.panel.value ? (desk.panel.value = null) : openPanel(desk, 'people'))}><${Icon} name="panel" /></button>
    <${MenuButton} label=${t('shell.menu')} items=${async () => (await import('./actions.js')).menuItems(desk)}><${Icon} name="more" /><//>
  `
}
