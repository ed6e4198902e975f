// The busiest documents with what can be done about each, and who does not keep up.
import { html, useState } from '../../../vendor/view.js'
import { explain } from '../../api/problems.js'
import { pathOf } from '../../device/names.js'
import { language, t } from '../../i18n/index.js'
import '../../i18n/server.js'
import { inApp } from '../../mount/index.js'
import { ago } from '../../ui/ago.js'
import { Dialog } from '../../ui/dialog.js'
import { toast } from '../../ui/toast.js'
import { bytes, formatted, lasted } from './format.js'

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./desk.js').Session} Session */

/** @param {{ desk: Desk }} props */
export function Documents({ desk }) {
  const [asked, ask] = useState('')
  const [opened, open] = useState('')
  const rows = desk.rows.value
  const hasPages = desk.about.value?.documents_here ?? false
  if (rows.length === 0) return html`<p class="hint">${t('server.documents.none')}</p>`
  return html`<div class="wide" tabindex="0" role="region" aria-label=${t('server.documents')}><table class="documents">
    <thead><tr>
      <th scope="col">${t('server.document')}</th><th scope="col">${t('server.people')}</th><th scope="col">${t('server.in')}</th><th scope="col">${t('server.out')}</th>
      <th scope="col">${t('server.size')}</th><th scope="col">${t('server.saved')}</th><th scope="col"><span class="unseen">${t('server.actions')}</span></th>
    </tr></thead>
    <tbody>${rows.map(row => html`<tr key=${row.name}>
      <th scope="row">${hasPages ? html`<a href=${pathOf(row.name)}><bdi>${row.name}</bdi></a>` : html`<bdi>${row.name}</bdi>`}</th>
      <td>${formatted(row.people, 'count')}${row.behind > 0 && html` <span class="late">${t('server.behind.count', { count: row.behind })}</span>`}</td>
      <td>${formatted(row.updates_in, 'rate')}</td><td>${formatted(row.updates_out, 'rate')}</td><td>${bytes(row.bytes)}</td>
      <td>${row.saved ? ago(row.saved, Math.max(desk.heard.value, row.saved), language.value, 'short') : formatted(null, 'count')}</td>
      <td class="acts">
        <button class="act" type="button" onClick=${() => open(row.name)}>${t('server.who')}</button>
        ${hasPages && html`<a class="act" href=${inApp(`/h/${encodeURIComponent(row.name)}`)}>${t('server.history')}</a>`}
        <button class="act" type="button" onClick=${() => ask(row.name)}>${t('server.unload')}</button>
      </td>
    </tr>`)}</tbody>
  </table></div>
  ${asked && html`<${Unload} desk=${desk} name=${asked} onClose=${() => ask('')} />`}
  ${opened && html`<${Who} desk=${desk} name=${opened} onClose=${() => open('')} />`}`
}

/** Asks before everybody is sent away. @param {{ desk: Desk, name: string, onClose: () => void }} props */
function Unload({ desk, name, onClose }) {
  const run = () => {
    onClose()
    desk.unload(name).then(() => toast(t('server.unloaded', { name })), error => toast(explain(error)))
  }
  return html`<${Dialog} title=${t('server.unload.title', { name })} onClose=${onClose}>
    <p>${t('server.unload.detail')}</p>
    <div class="row"><button class="button" type="button" onClick=${onClose}>${t('common.cancel')}</button><button class="button button-main" type="button" onClick=${run}>${t('server.unload')}</button></div>
  <//>`
}

/** Who has a document open, and sending away. @param {{ desk: Desk, name: string, onClose: () => void }} props */
function Who({ desk, name, onClose }) {
  const [sessions, setSessions] = useState(/** @type {Session[] | null} */ (null))
  const load = () => desk.sessions(name).then(setSessions, error => {
    onClose()
    toast(explain(error))
  })
  if (sessions === null) void load()
  return html`<${Dialog} title=${t('server.who.title', { name })} onClose=${onClose} isWide>
    ${sessions && html`<${Sessions} desk=${desk} sessions=${sessions} onChange=${load} />`}
  <//>`
}

/** @param {{ desk: Desk, sessions: Session[], withDocument?: boolean, onChange?: () => void }} props */
export function Sessions({ desk, sessions, withDocument = false, onChange }) {
  if (sessions.length === 0) return html`<p class="hint">${t(withDocument ? 'server.behind.none' : 'server.who.none')}</p>`
  const away = (/** @type {Session} */ one) => desk.hangUp(one.id).then(() => {
    toast(t('server.away.done', { name: nameOf(one) }))
    onChange?.()
  }, error => toast(explain(error)))
  return html`<div class="wide" tabindex="0" role="region" aria-label=${t('server.people')}><table>
    <thead><tr>
      <th scope="col">${t('server.person')}</th>${withDocument && html`<th scope="col">${t('server.document')}</th>`}<th scope="col">${t('server.waiting')}</th><th scope="col">${t('server.late')}</th><th scope="col"><span class="unseen">${t('server.actions')}</span></th>
    </tr></thead>
    <tbody>${sessions.map(one => html`<tr key=${`${one.document} ${one.id}`}>
      <th scope="row"><bdi>${nameOf(one)}</bdi> <span class="faint">${one.id}</span></th>${withDocument && html`<td><bdi>${one.document}</bdi></td>`}
      <td>${bytes(one.waiting)}</td><td>${one.behind === null ? formatted(null, 'count') : lasted(one.behind)}</td>
      <td class="acts"><button class="act" type="button" onClick=${() => away(one)}>${t('server.away')}</button></td>
    </tr>`)}</tbody>
  </table></div>`
}

/** @param {Session} one */
const nameOf = one => one.user.name || one.presence[0]?.state?.user?.name || t('server.someone')
