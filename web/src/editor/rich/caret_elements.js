// The elements other people's carets are drawn with. A new place makes a new element, which shows the name
// for a moment (CSS); an element whose owner has not moved for a while fades. Knows no documents.

/** @typedef {import('../../presence/people.js').Present} Present */

/** After this long without moving, a caret fades, in ms. */
const IDLE_AFTER = 60_000
/** How often to look for those. */
const LOOK_EVERY = 10_000

export class CaretElements {
  /** Per client: the place, how often it changed, when it changed last, and the element. @type {Map<number, { place: string, turns: number, at: number, element?: HTMLElement }>} */
  #known = new Map()
  #timer = setInterval(() => this.#fade(Date.now()), LOOK_EVERY)

  /** Counts the places a caret has been at. @param {number} client @param {string} place */
  turn(client, place) {
    const known = this.#known.get(client)
    if (known?.place === place) return known.turns
    const turns = (known?.turns ?? 0) + 1
    this.#known.set(client, { ...known, place, turns, at: Date.now() })
    return turns
  }

  /** @param {number} client @param {Present & { shape?: number }} person */
  make(client, person) {
    const caret = document.createElement('span')
    caret.className = `remote-caret hue-${person.hue}${person.shape === undefined ? '' : ` shape-${person.shape}`}`
    caret.ariaHidden = 'true'
    const flag = document.createElement('span')
    flag.className = 'remote-flag'
    flag.textContent = person.name
    // Word joiners keep the line from breaking at the caret.
    caret.append('\u2060', flag, '\u2060')
    const known = this.#known.get(client)
    if (known) known.element = caret
    // At the edge of the page the name stands on the other side, or it would be cut off.
    requestAnimationFrame(() => flag.getBoundingClientRect().right > innerWidth && caret.classList.add('is-turned'))
    return caret
  }

  /** Shows a name again, as if its owner had moved. @param {number} client */
  show(client) {
    const flag = this.#known.get(client)?.element?.querySelector('.remote-flag')
    flag?.getAnimations().forEach(animation => (animation.cancel(), animation.play()))
  }

  /** @param {number} client */
  forget(client) {
    this.#known.delete(client)
  }

  destroy() {
    clearInterval(this.#timer)
  }

  /** @param {number} now */
  #fade(now) {
    for (const { at, element } of this.#known.values()) element?.classList.toggle('is-idle', now - at > IDLE_AFTER)
  }
}
