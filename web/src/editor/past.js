// Fetches and opens what shows the past of a kind of document.
import { withStyles } from '../ui/styles.js'

/** @typedef {import('./contract.js').PastContext} PastContext */
/** @typedef {import('./contract.js').PastView} PastView */
/** @typedef {{ openPast: (parent: HTMLElement, context: PastContext, past: any) => PastView }} Part */

/**
 * @param {HTMLElement} parent
 * @param {PastContext} context
 * @param {() => any} read reads a moment of this kind of past from the newest index
 * @returns {Promise<PastView>}
 */
export async function openPast(parent, context, read) {
  /** @type {Part} */
  const part = context.index.rich ? await import('./rich/past.js') : await withStyles('text', import('./text/past.js'))
  return part.openPast(parent, context, read)
}
