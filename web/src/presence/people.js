// Who is here, read from presence states; and what this page says about itself. States come from others
// and may hold anything, so every field is checked. Stock Yjs editors send a name and a CSS colour, no id.
import { t } from '../i18n/index.js'
import '../i18n/shell.js'
import { HUES, PLAIN, freeLook, isDistinct, preferredHue } from './colors.js'

/**
 * @typedef {object} Present
 * @property {string} key one per person, however many tabs
 * @property {string} name
 * @property {number} hue
 * @property {number} shape
 * @property {boolean} isMe
 * @property {boolean} isIdle has done nothing for a while
 * @property {boolean} isViewer cannot edit
 * @property {number} client the tab that was active last
 * @property {number[]} clients all tabs
 */
/** @typedef {import('../../vendor/core.js').awareness.Awareness} Awareness */

const NAME_LONGEST = 40

/** One entry per person, me first, then by arrival. Two tabs of one person are one. @param {Awareness} awareness @param {string} [myKey] @returns {Present[]} */
export function whoIsHere(awareness, myKey) {
  /** @type {Map<string, Present>} */
  const people = new Map()
  for (const [client, state] of awareness.getStates()) {
    const isMe = client === awareness.clientID
    const person = readPerson(client, state, isMe)
    if (!person) continue
    person.isMe ||= person.key === myKey
    const known = people.get(person.key)
    people.set(person.key, known ? joined(known, person, isMe) : person)
  }
  return [...people.values()].sort((a, b) => Number(b.isMe) - Number(a.isMe))
}

/** Two tabs as one person: as this page if it is ours, else as the tab somebody is at. @param {Present} known @param {Present} other @param {boolean} isThisPage @returns {Present} */
function joined(known, other, isThisPage) {
  const shown = isThisPage || (!known.isMe && known.isIdle && !other.isIdle) ? other : known
  return {
    ...shown,
    isMe: known.isMe || other.isMe,
    isIdle: known.isIdle && other.isIdle,
    isViewer: known.isViewer && other.isViewer,
    clients: [...known.clients, ...other.clients],
  }
}

/** The person behind one state; null for states without one. @param {number} client @param {any} state @param {boolean} isMe @returns {Present | null} */
export function readPerson(client, state, isMe) {
  const user = state?.user
  if (typeof user !== 'object' || user === null) return null
  const name = typeof user.name === 'string' && user.name.trim() ? user.name.trim().slice(0, NAME_LONGEST) : t('shell.someone')
  const key = typeof user.id === 'string' ? user.id : `client ${client}`
  const hue = isOneOf(user.hue) ? user.hue : preferredHue(key)
  const shape = isOneOf(user.shape) ? user.shape : hue
  return { key, name, hue, shape, isMe, isIdle: state.idle === true, isViewer: state.viewer === true, client, clients: [client] }
}

/** @param {unknown} number */
const isOneOf = number => typeof number === 'number' && Number.isInteger(number) && number >= 0 && number < HUES

/**
 * Says who we are, in a look nobody else has. When two people took the same at the same moment, the one with
 * the higher client id gives way, so both sides agree without talking.
 * @param {Awareness} awareness
 * @param {import('../device/me.js').Person} me
 */
export function introduce(awareness, me) {
  const current = awareness.getLocalState()
  if (current === null) return
  const others = [...awareness.getStates()].flatMap(([client, state]) => {
    const person = readPerson(client, state, false)
    return person && client !== awareness.clientID && person.key !== me.id ? [person] : []
  })
  const user = current.user
  const mine = user && isOneOf(user.hue) && isOneOf(user.shape) ? { hue: user.hue, shape: user.shape } : null
  const first = others.filter(other => other.client < awareness.clientID)
  const look = mine && (isDistinct(mine, first) || isSame(mine, freeLook(me.id, others))) ? mine : freeLook(me.id, others)
  if (user?.name === me.name && mine && isSame(mine, look)) return
  awareness.setLocalStateField('user', { id: me.id, name: me.name, ...look, color: PLAIN[look.hue], colorLight: `${PLAIN[look.hue]}33` })
}

/** @param {import('./colors.js').Look} a @param {import('./colors.js').Look} b */
const isSame = (a, b) => a.hue === b.hue && a.shape === b.shape
