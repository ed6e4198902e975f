// Who is here, read from presence states; and what this page says about itself. States come from others
// and may hold anything, so every field is checked. Stock Yjs editors send a name and a CSS colour, no id.
import { HUES, PLAIN, freeHue, preferredHue } from './colors.js'

/** @typedef {{ key: string, name: string, hue: number, isMe: boolean, client: number }} Present */
/** @typedef {import('../../vendor/core.js').awareness.Awareness} Awareness */

const NAME_LONGEST = 40

/** One entry per person, me first, then by arrival. Two tabs of one person are one. @param {Awareness} awareness @returns {Present[]} */
export function whoIsHere(awareness) {
  /** @type {Map<string, Present>} */
  const people = new Map()
  for (const [client, state] of awareness.getStates()) {
    const person = readPerson(client, state, client === awareness.clientID)
    if (person && !(people.has(person.key) && !person.isMe)) people.set(person.key, person)
  }
  return [...people.values()].sort((a, b) => Number(b.isMe) - Number(a.isMe))
}

/** The person behind one state; null for states without one. @param {number} client @param {any} state @param {boolean} isMe @returns {Present | null} */
export function readPerson(client, state, isMe) {
  const user = state?.user
  if (typeof user !== 'object' || user === null) return null
  const name = typeof user.name === 'string' && user.name.trim() ? user.name.trim().slice(0, NAME_LONGEST) : 'Someone'
  const key = typeof user.id === 'string' ? user.id : `client ${client}`
  const hue = Number.isInteger(user.hue) && user.hue >= 0 && user.hue < HUES ? user.hue : preferredHue(key)
  return { key, name, hue, isMe, client }
}

/**
 * Says who we are, in a colour nobody else has. When two people took the same colour at the same moment,
 * the one with the higher client id gives way, so both sides agree without talking.
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
  const mine = current.user?.hue
  const mustGiveWay = mine === undefined || others.some(other => other.hue === mine && other.client < awareness.clientID)
  const hue = mustGiveWay ? freeHue(me.id, new Set(others.map(other => other.hue))) : mine
  if (current.user?.name === me.name && mine === hue) return
  awareness.setLocalStateField('user', { id: me.id, name: me.name, hue, color: PLAIN[hue], colorLight: `${PLAIN[hue]}33` })
}
