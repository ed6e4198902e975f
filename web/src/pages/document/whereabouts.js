// One sentence about where everybody is, for those who cannot see carets.
import { language, t } from '../../i18n/index.js'
import '../../i18n/shell_parts.js'
import { hasCaret, sectionOf } from '../../presence/section.js'

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('../../presence/people.js').Present} Present */

/** @param {Desk} desk */
export function whereIsEveryone(desk) {
  const others = desk.people.value.filter(person => !person.isMe)
  if (others.length === 0) return t('shell.where.alone')
  const parts = others.map(person => {
    const section = sectionFor(desk, person)
    if (section) return t('shell.where.in', { name: person.name, section })
    return t(isSeen(desk, person) ? 'shell.where.top' : 'shell.where.reading', person)
  })
  return `${new Intl.ListFormat(language.value, { type: 'conjunction' }).format(parts)}.`
}

/** The heading a person is under; null when there is none. @param {Desk} desk @param {Present} person */
export function sectionFor({ provider }, person) {
  const states = provider.awareness.getStates()
  for (const client of [person.client, ...person.clients]) {
    const section = sectionOf(provider.doc, states.get(client))
    if (section?.text) return section.text
  }
  return null
}

/** @param {Desk} desk @param {Present} person */
function isSeen({ provider }, person) {
  return person.clients.some(client => hasCaret(provider.doc, provider.awareness.getStates().get(client)))
}
