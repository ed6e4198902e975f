// The row of people: me first (a click renames me), at most five, then a number. Draws; knows no presence.
import { html } from '../../vendor/view.js'

/** How many faces fit into the bar, and into a phone's. */
const MOST = 5
const MOST_NARROW = 3

/**
 * @param {object} props
 * @param {import('../presence/people.js').Present[]} props.people
 * @param {() => void} props.onRename
 */
export function Avatars({ people, onRename }) {
  const most = matchMedia('(max-width: 600px)').matches ? MOST_NARROW : MOST
  const shown = people.slice(0, people.length > most ? most - 1 : most)
  const more = people.slice(shown.length)
  return html`
    <ul class="people" aria-label="People here">
      ${shown.map(person => html`<li key=${person.key}>${person.isMe ? html`<${Me} person=${person} onRename=${onRename} />` : html`<${Face} person=${person} />`}</li>`)}
      ${more.length > 0 && html`<li><span class="face face-more" title=${more.map(person => person.name).join(', ')}>+${more.length}</span></li>`}
    </ul>
  `
}

/** @param {{ person: import('../presence/people.js').Present }} props */
function Face({ person }) {
  return html`<span class="face hue-${person.hue}" title=${person.name}>
    <span aria-hidden="true">${initials(person.name)}</span><span class="unseen">${person.name}</span>
  </span>`
}

/** @param {{ person: import('../presence/people.js').Present, onRename: () => void }} props */
function Me({ person, onRename }) {
  return html`<button class="face hue-${person.hue}" type="button" onClick=${onRename} title="${person.name} (you). Change your name">
    <span aria-hidden="true">${initials(person.name)}</span><span class="unseen">${person.name}, you. Change your name</span>
  </button>`
}

/** One or two letters for an avatar. @param {string} name */
function initials(name) {
  const words = name.trim().split(/\s+/)
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : words
  return picked.map(word => [...word][0] ?? '').join('').toLocaleUpperCase() || '?'
}
