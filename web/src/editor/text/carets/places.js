// Where others' carets are in the text: positions they published, resolved once and from then on moved along with
// the edits, as resolving walks the whole text. Knows nothing of decorations. Presence may hold anything.
import { Y } from '../../../../vendor/core.js'

/**
 * @typedef {object} Place
 * @property {string} published what the person said, as JSON; another one is a movement
 * @property {unknown} cursor
 * @property {number | null} anchor null while the text has no such place (yet)
 * @property {number | null} head
 * @property {number} moved when they moved last, ms since 1970
 */

/** @param {Y.Text} text */
export function trackPlaces(text) {
  /** @type {Map<number, Place>} */
  const places = new Map()
  /** @param {Place} place @param {number} length */
  const resolve = (place, length) => {
    const { anchor, head } = /** @type {any} */ (place.cursor)
    place.anchor = locate(text, anchor, length)
    place.head = locate(text, head, length)
  }
  return {
    places,
    /** Takes over what a client published. @param {number} client @param {unknown} cursor @param {number} length @param {number} now */
    publish(client, cursor, length, now) {
      if (typeof cursor !== 'object' || cursor === null) return void places.delete(client)
      const published = JSON.stringify(cursor)
      const known = places.get(client)
      if (known?.published === published) return
      const place = { published, cursor, anchor: null, head: null, moved: now }
      resolve(place, length)
      places.set(client, place)
    },
    /** Moves every place along with an edit. @param {import('../extension.js').ChangeDesc} changes */
    map(changes) {
      for (const place of places.values()) {
        if (place.anchor === null || place.head === null) {
          resolve(place, changes.newLength)
        } else {
          place.anchor = changes.mapPos(place.anchor, 1)
          place.head = changes.mapPos(place.head, 1)
        }
      }
    },
  }
}

/** Where a published position is now; null when it is nowhere in this text. @param {Y.Text} text @param {unknown} position @param {number} length */
export function locate(text, position, length) {
  if (typeof position !== 'object' || position === null || !text.doc) return null
  try {
    const relative = Y.createRelativePositionFromJSON(position)
    const absolute = Y.createAbsolutePositionFromRelativePosition(relative, text.doc)
    return absolute?.type === text ? Math.min(absolute.index, length) : null
  } catch {
    // A position that is none is no caret.
    return null
  }
}
