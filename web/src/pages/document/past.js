// Opens the timeline over the document's page, which goes on beneath it: connection, caret and scroll stay as they are. Going
// back in the browser closes it.
import { historyPathOf } from '../../device/names.js'
import { t } from '../../i18n/index.js'
import '../../i18n/history.js'
import { inApp } from '../../mount/index.js'
import { openHistory } from '../history/open.js'
import { focusText } from './moves.js'

/** @typedef {import('./desk.js').Desk} Desk */

/** Entries of the past come after they are durable; asked for after this quiet time, in ms. */
const AFTER = 700

let isOpen = false

/** @param {Desk} desk */
export async function showPast(desk) {
  if (isOpen) return
  isOpen = true
  const { doc } = desk.provider
  const { title } = document
  const place = document.createElement('div')
  place.className = 'past is-over'
  const beneath = [...document.body.children].filter(part => part.id !== 'messages')
  history.pushState({ past: true }, '', historyPathOf(desk.name))
  document.body.append(place)
  for (const part of beneath) part.toggleAttribute('inert', true)
  const known = (/** @type {string} */ name) => desk.people.value.find(person => person.name === name) ?? null
  const opened = await openHistory(place, { name: desk.name, me: () => desk.me.value.name, known, onLeave: () => history.back() })
  document.title = `${desk.meta.value.title || t('common.untitled')} · ${t('history.title')} · Coscribe`
  place.querySelector('a')?.focus()
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  const follow = () => {
    clearTimeout(timer)
    timer = setTimeout(() => void opened.follow(), AFTER)
  }
  const close = () => {
    // Another moment in the address is no way back.
    if (location.pathname.startsWith(inApp('/h/'))) return
    removeEventListener('popstate', close)
    doc.off('update', follow)
    clearTimeout(timer)
    opened.close()
    place.remove()
    for (const part of beneath) part.toggleAttribute('inert', false)
    document.title = title
    isOpen = false
    focusText(desk)
  }
  doc.on('update', follow)
  addEventListener('popstate', close)
}
