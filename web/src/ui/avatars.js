// The row of people, at most five, on a phone two, and the number of the others. I stand at its end, where a
// newcomer moves nobody. Draws; knows no presence.
import { html } from '../../vendor/view.js'
import { t } from '../i18n/index.js'
import '../i18n/shell.js'

/** @typedef {import('../presence/people.js').Present} Present */

/** How many faces fit into the bar, and into a phone's. */
const MOST = 5
const MOST_NARROW = 2

/**
 * @param {object} props
 * @param {Present[]} props.people
 * @param {(person: Present) => void} props.onChoose
 * @param {() => void} props.onMore
 */
export function Avatars({ people, onChoose, onMore }) {
  const most = matchMedia('(max-width: 600px)').matches ? MOST_NARROW : MOST
  const shown = people.slice(0, people.length > most ? most - 1 : most)
  const more = people.slice(shown.length)
  return html`
    <ul class="people" aria-label=${t('shell.people.here')}>
      ${more.length > 0 && html`<li><button class="face face-more" type="button" aria-label=${t('shell.people.more', { count: more.length })} data-tip=${more.map(person => person.name).join(', ')} onClick=${onMore}><${Letters} text=${`+${more.length}`} /></button></li>`}
      ${shown.toReversed().map(person => html`<li key=${person.key}><${Face} person=${person} label=${person.isMe ? t('shell.people.you', person) : t('shell.people.jump', person)} onClick=${() => onChoose(person)} /></li>`)}
    </ul>
  `
}

/** A person's letters and shape; a button when there is something to do. @param {{ person: Present, label?: string, onClick?: () => void }} props */
export function Face({ person, label, onClick }) {
  const look = `face hue-${person.hue} ${person.isIdle ? 'is-idle' : ''}`
  const inside = html`<${Letters} text=${initials(person.name)} /><span class="badge" aria-hidden="true"><i class=${`shape shape-${person.shape}`}></i></span>`
  return onClick
    ? html`<button class=${look} type="button" aria-label=${label} data-tip=${label} onClick=${onClick}>${inside}</button>`
    : html`<span class=${look} aria-hidden="true">${inside}</span>`
}

/** Drawn, and no text of the page: who controls it by voice or finds in it meets names only. @param {{ text: string }} props */
const Letters = ({ text }) => html`<span class="face-letters" data-letters=${text} aria-hidden="true"></span>`

/** One or two letters for an avatar. @param {string} name */
function initials(name) {
  const words = name.trim().split(/\s+/)
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : words
  return picked.map(word => [...word][0] ?? '').join('').toLocaleUpperCase() || '?'
}
