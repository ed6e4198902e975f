// Puts what was stored of a document back into it.
import { Y } from '../../vendor/core.js'

/**
 * Applies stored updates in one transaction. Says whether all of them could be read; the others are applied.
 * @param {Y.Doc} doc
 * @param {Uint8Array[]} updates
 * @param {unknown} origin
 */
export function restored(doc, updates, origin) {
  let isWhole = true
  const restore = (/** @type {Uint8Array} */ update) => {
    try {
      Y.applyUpdate(doc, update, origin)
    } catch (error) {
      console.error('a part of the copy on this device cannot be read', error)
      isWhole = false
    }
  }
  Y.transact(doc, () => updates.forEach(restore), origin, false)
  return isWhole
}
