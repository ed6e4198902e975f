// Where the focus and the view go: to the text, the toolbar, the panel, another person.
import { t } from '../../i18n/index.js'
import '../../i18n/shell.js'
import { announce } from '../../ui/live.js'
import { toast } from '../../ui/toast.js'
import { element } from './desk.js'

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('../../presence/people.js').Present} Present */

/** @param {Desk} desk */
export function focusText(desk) {
  if (desk.editor.value) desk.editor.value.focus()
  else element('editor').focus()
}

/** @returns {boolean} whether there was something to stand on */
export function focusToolbar() {
  const stop = /** @type {HTMLElement | null} */ (element('toolbar').querySelector('[tabindex="0"]'))
  stop?.focus()
  return stop !== null
}

/** @param {Desk} desk @param {import('./desk.js').PanelName} name */
export function openPanel(desk, name) {
  desk.panel.value = name
  const focus = () => /** @type {HTMLElement | null} */ (element('panel').querySelector('[role=tab][aria-selected=true]'))?.focus()
  if (element('panel').firstChild) requestAnimationFrame(focus)
  else new MutationObserver((_records, watch) => (watch.disconnect(), requestAnimationFrame(focus))).observe(element('panel'), { childList: true })
}

/** @param {Desk} desk */
export function closePanel(desk) {
  desk.panel.value = null
  focusText(desk)
}

/** Scrolls to a person's caret, in whichever tab they show one. @param {Desk} desk @param {Present} person */
export function jumpTo(desk, person) {
  const isThere = [person.client, ...person.clients].some(client => desk.editor.value?.goTo(client))
  if (isThere) announce(t('shell.people.jumped', person))
  else toast(t('shell.people.nowhere', person))
}

/** @param {Desk} desk */
export function stopFollowing(desk) {
  desk.following.value?.stop()
  desk.following.value = null
}
