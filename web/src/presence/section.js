// Under which heading a caret stands, worked out from the document and the published position, so that it
// needs no editor. Positions come from others and may hold anything.
import { Y } from '../../vendor/core.js'
import { ROOTS } from '../sync/meta.js'

/** A heading: the `nth` of this text and level. @typedef {{ text: string, level: number, nth: number }} Section */

/** The heading above a person's caret; null before the first one, and without a caret. @param {Y.Doc} doc @param {any} state @returns {Section | null} */
export function sectionOf(doc, state) {
  const place = locate(doc, state?.cursor?.head)
  if (!place) return null
  const text = /** @type {unknown} */ (doc.share.get(ROOTS.text))
  const headings = text === place.type && text instanceof Y.Text ? headingsInText(upToLine(text.toString(), place.index)) : headingsAbove(doc, place.type)
  const last = headings.at(-1)
  return last ? { ...last, nth: headings.filter(one => one.text === last.text && one.level === last.level).length } : null
}

/** Whether a state has a caret in this document. @param {Y.Doc} doc @param {any} state */
export function hasCaret(doc, state) {
  return locate(doc, state?.cursor?.head) !== null
}

/** @param {Y.Doc} doc @param {unknown} position */
function locate(doc, position) {
  if (typeof position !== 'object' || position === null) return null
  try {
    return Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(position), doc)
  } catch {
    return null
  }
}

/** @typedef {{ text: string, level: number }} Found */

/** The text up to the end of the line that holds this place, so that a caret in a heading is in its section. @param {string} text @param {number} index */
function upToLine(text, index) {
  const end = text.indexOf('\n', index)
  return end < 0 ? text : text.slice(0, end)
}

/** Lines with `#` marks outside of fences. @param {string} text @returns {Found[]} */
function headingsInText(text) {
  const found = []
  let fence = ''
  for (const line of text.split('\n')) {
    const mark = line.match(/^ {0,3}(`{3,}|~{3,})/)?.[1] ?? ''
    if (mark && (!fence || mark.startsWith(fence))) fence = fence ? '' : mark
    const heading = fence ? null : line.match(/^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$/)
    if (heading) found.push({ level: heading[1].length, text: heading[2] })
  }
  return found
}

/** Headings among the blocks up to the one that holds `type`. @param {Y.Doc} doc @param {Y.AbstractType<any>} type @returns {Found[]} */
function headingsAbove(doc, type) {
  const root = doc.share.get(ROOTS.rich)
  /** @type {Y.AbstractType<any> | null} */
  let block = type
  while (block && block.parent !== root) block = /** @type {any} */ (block.parent)
  const found = []
  for (let item = root?._start ?? null; block && item; item = item.right) {
    const node = /** @type {any} */ (item.content).type
    if (!item.deleted && node?.nodeName === 'heading') found.push({ level: Number(node.getAttribute('level')) || 1, text: textOf(node) })
    if (node === block) break
  }
  return found
}

/** Words of an element, without marks. @param {any} element @returns {string} */
function textOf(element) {
  if (element instanceof Y.XmlText) return element.toDelta().map((/** @type {any} */ part) => (typeof part.insert === 'string' ? part.insert : '')).join('')
  return element.toArray().map(textOf).join('')
}
