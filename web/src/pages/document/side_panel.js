// The panel of the document page: people with what they do, and the outline. Fetched when first opened.
import { html, signal, useEffect, useState } from '../../../vendor/view.js'
import { NAME_LONGEST } from '../../device/me.js'
import { choose, settings } from '../../device/settings.js'
import { read, write } from '../../device/storage.js'
import { t } from '../../i18n/index.js'
import '../../i18n/shell.js'
import '../../i18n/shell_parts.js'
import { sectionOf } from '../../presence/section.js'
import { OutlineList } from '../../ui/outline_list.js'
import { Panel } from '../../ui/panel.js'
import { ActivityLog, PeopleList } from '../../ui/people_list.js'
import { rename } from './actions.js'
import { activityOf } from './log.js'
import { toggleFollow } from './following.js'
import { closePanel, jumpTo } from './moves.js'
import { sectionFor } from './whereabouts.js'

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('../../presence/people.js').Present} Present */

const KEY = 'coscribe.panel'
/** The outline follows typing after this quiet time, in ms: reading it takes a walk over the document. */
const OUTLINE_AFTER = 250

const width = signal(Number(read(KEY, 0)) || 320)

/** @param {{ desk: Desk }} props */
export function SidePanel({ desk }) {
  const open = desk.panel.value
  if (!open) return null
  const tabs = [{ id: 'people', label: t('shell.people') }, { id: 'outline', label: t('shell.outline') }]
  return html`<${Panel} tabs=${tabs} open=${open} width=${width.value} onClose=${() => closePanel(desk)}
      onOpen=${(/** @type {import('./desk.js').PanelName} */ id) => (desk.panel.value = id)}
      onResize=${(/** @type {number} */ wanted) => write(KEY, (width.value = wanted))}>
    ${open === 'people' ? html`<${People} desk=${desk} />` : html`<${Outline} desk=${desk} />`}
  <//>`
}

/** @param {{ desk: Desk }} props */
function People({ desk }) {
  const log = activityOf(desk)
  return html`<${PeopleList} people=${desk.people.value} followed=${desk.following.value?.person.key ?? null} longest=${NAME_LONGEST}
      whereIs=${(/** @type {Present} */ person) => (person.isMe ? null : sectionFor(desk, person))} onRename=${(/** @type {string} */ name) => rename(desk, name)}
      onJump=${(/** @type {Present} */ person) => jumpTo(desk, person)} onFollow=${(/** @type {Present} */ person) => toggleFollow(desk, person)}>
    <${Authors} desk=${desk} />
    <${ActivityLog} lines=${log.value} detail=${settings.activity.value} onDetail=${(/** @type {string} */ detail) => choose('activity', detail)} />
  <//>`
}

/** Whose colour is whose. @param {{ desk: Desk }} props */
function Authors({ desk }) {
  const authors = desk.authors.value
  if (authors.length === 0) return null
  return html`<h3>${t('shell.authors.legend')}</h3>
    <ul class="author-legend">${authors.map(({ name, hue, shape }) => html`<li class=${`hue-${hue}`}><i class=${`shape shape-${shape}`}></i> <bdi>${name}</bdi></li>`)}</ul>`
}

/** @param {{ desk: Desk }} props */
function Outline({ desk }) {
  const frame = desk.frame.value
  const [headings, setHeadings] = useState(desk.editor.value?.outline() ?? [])
  useEffect(() => {
    const timer = setTimeout(() => setHeadings(desk.editor.value?.outline() ?? []), OUTLINE_AFTER)
    return () => clearTimeout(timer)
  }, [frame])
  const here = sectionOf(desk.provider.doc, desk.provider.awareness.getLocalState())
  let seen = 0
  const current = headings.findIndex(({ text, level }) => here !== null && text === here.text && level === here.level && ++seen === here.nth)
  return html`<${OutlineList} headings=${headings} current=${current} />`
}
