// What stands around the text: toolbar, notices, who is followed, panel, dialogs. Heavy parts are fetched when
// they are first shown.
import { html, render, useEffect, useState } from '../../../vendor/view.js'
import { t } from '../../i18n/index.js'
import '../../i18n/shell.js'
import { withStyles } from '../../ui/styles.js'
import { Toolbar } from '../../ui/toolbar.js'
import { element } from './desk.js'
import { focusText, stopFollowing } from './moves.js'
import { TopBar } from './top_bar.js'

/** @typedef {import('./desk.js').Desk} Desk */

/** @param {Desk} desk */
export function drawFrame(desk) {
  render(html`<${TopBar} desk=${desk} />`, element('bar'))
  render(html`<${Tools} desk=${desk} />`, element('toolbar'))
  render(html`<${ProblemNotice} desk=${desk} />`, element('problem'))
  render(html`<${Stop} desk=${desk} />`, element('notice'))
  render(html`<${Following} desk=${desk} />`, element('following'))
  render(html`<${Side} desk=${desk} />`, element('panel'))
  render(html`<${Overlay} desk=${desk} />`, element('overlay'))
}

/** @param {{ desk: Desk }} props */
function Tools({ desk }) {
  const editor = desk.editor.value
  const isShown = desk.frame.value >= 0 && editor && desk.canEdit.value && desk.problem.value === null
  return isShown ? html`<${Toolbar} label=${t('shell.toolbar')} commands=${editor.commands} onLeave=${() => focusText(desk)} />` : null
}

/** Why a document is shown and not edited, and what to do. @param {{ desk: Desk }} props */
function ProblemNotice({ desk }) {
  const problem = desk.problem.value
  if (!problem) return null
  return html`<section class="notice" role="status">
    <p><strong>${t(`shell.problem.${problem}`)}</strong> ${t(`shell.problem.${problem}.detail`)}</p>
    <button class="button" type="button" onClick=${() => location.reload()}>${t('shell.reload')}</button>
  </section>`
}

/** What to do when nothing can be sent any more. @param {{ desk: Desk }} props */
function Stop({ desk }) {
  const [part, setPart] = useState(/** @type {{ Rescuing: any } | null} */ (null))
  const { needsRescue } = desk.status.value
  const isShown = needsRescue || desk.provider.facts.stop !== null
  useEffect(() => {
    if (isShown && !part) withStyles('parts', import('./rescuing.js')).then(setPart)
  }, [isShown])
  return isShown && part && html`<${part.Rescuing} desk=${desk} />`
}

/** @param {{ desk: Desk }} props */
function Following({ desk }) {
  const person = desk.following.value?.person
  if (!person) return null
  return html`<div class=${`following hue-${person.hue}`}><span>${t('shell.follow.banner', person)}</span>
    <button class="button" type="button" onClick=${() => (stopFollowing(desk), focusText(desk))}>${t('shell.follow.stop')}</button></div>`
}

/** @param {{ desk: Desk }} props */
function Side({ desk }) {
  const [part, setPart] = useState(/** @type {{ SidePanel: any } | null} */ (null))
  const isOpen = desk.panel.value !== null
  useEffect(() => {
    if (isOpen && !part) withStyles('parts', import('./side_panel.js')).then(setPart)
  }, [isOpen])
  return part && html`<${part.SidePanel} desk=${desk} />`
}

/** @param {{ desk: Desk }} props */
function Overlay({ desk }) {
  const draw = desk.overlay.value
  return draw && draw()
}
