// Which source line stands at which height of the preview, between blocks in proportion.
import { blocksOf, lineWithin } from './patch.js'

/** @typedef {import('./page.js').Page} Page */

/** The line at a height of the page, with its fraction. @param {Page} page @param {number} top */
export function lineAt(page, top) {
  const index = page.indexAt(top)
  const stops = stopsOf(page, index)
  let place = stops[0]
  for (let next = 1; next < stops.length; next++) {
    const [a, b] = [stops[next - 1], stops[next]]
    if (b.top > top) return a.line + (b.top > a.top ? Math.max(0, (top - a.top) / (b.top - a.top)) : 0) * (b.line - a.line)
    place = b
  }
  return place.line
}

/** The height of a line. @param {Page} page @param {number} line from 1, with a fraction */
export function topOf(page, line) {
  const { index } = page.chunks.find(Math.floor(line))
  const stops = stopsOf(page, index)
  for (let next = 1; next < stops.length; next++) {
    const [a, b] = [stops[next - 1], stops[next]]
    if (b.line > line) return a.top + ((line - a.line) / (b.line - a.line)) * (b.top - a.top)
  }
  return stops[stops.length - 1].top
}

/** Lines of a chunk and their heights, both growing. @param {Page} page @param {number} index */
function stopsOf(page, index) {
  const chunk = /** @type {HTMLElement} */ (page.body.children[index])
  const start = page.chunks.startOf(index)
  const shift = page.region.scrollTop - page.region.getBoundingClientRect().top
  const { top, bottom } = chunk.getBoundingClientRect()
  const stops = [{ line: start, top: top + shift }]
  for (const block of page.fresh.has(chunk) ? blocksOf(chunk) : []) {
    const stop = { line: start + lineWithin(block), top: block.getBoundingClientRect().top + shift }
    const last = stops[stops.length - 1]
    if (stop.line > last.line && stop.top >= last.top) stops.push(stop)
  }
  return [...stops, { line: start + page.chunks.list[index].lines, top: bottom + shift }]
}
