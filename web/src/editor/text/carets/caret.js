// The drawing of one caret with its owner's name. A movement makes a new element, which shows the name for a
// moment and fades after a minute; both are CSS that counts from the time of the movement.
import { WidgetType } from '../../../../vendor/text.js'

/** @typedef {import('../../../presence/people.js').Present & { shape?: number }} Person */

export class Caret extends WidgetType {
  /** @param {Person} person @param {string} place @param {number} moved ms since 1970 */
  constructor(person, place, moved) {
    super()
    this.person = person
    this.place = place
    this.moved = moved
  }

  /** @param {Caret} other */
  eq(other) {
    const { name, hue, shape } = this.person
    return other.place === this.place && other.moved === this.moved && other.person.name === name && other.person.hue === hue && other.person.shape === shape
  }

  toDOM() {
    const { name, hue, shape } = this.person
    const caret = document.createElement('span')
    caret.className = `remote-caret hue-${hue}${shape === undefined ? '' : ` shape-${shape}`}`
    caret.ariaHidden = 'true'
    // Elements come and go while scrolling; what the name's showing counts from is the movement.
    caret.style.setProperty('--since', `${Math.max(0, Date.now() - this.moved)}ms`)
    const flag = document.createElement('span')
    flag.className = 'remote-flag'
    flag.textContent = name
    // Word joiners keep the line from breaking at the caret.
    caret.append('\u2060', flag, '\u2060')
    return caret
  }

  ignoreEvent() {
    return true
  }
}
