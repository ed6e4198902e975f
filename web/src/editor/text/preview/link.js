// Scrolls text and preview together by source line, in the direction in which this person scrolls. A scroll that
// others' edits cause moves nothing: then the same line is still at the top.
import { lineAt, topOf } from './lines.js'

/** @param {import('@codemirror/view').EditorView} view @param {HTMLElement} region @param {import('./page.js').Page} page */
export function linkScrolling(view, region, page) {
  const { scrollDOM } = view
  /** Which pane this person moves. @type {'text' | 'preview' | null} */
  let driver = null
  let seen = topPlace()
  /** Where we scrolled the other pane to, which is no scrolling of theirs. */
  const ours = { text: -1, preview: -1 }
  let frame = 0

  /** The line at the top of the text and how much of it is above. */
  function topPlace() {
    const block = view.lineBlockAtHeight(scrollDOM.getBoundingClientRect().top - view.documentTop)
    const above = scrollDOM.getBoundingClientRect().top - view.documentTop - block.top
    return { pos: block.from, above, part: block.height > 0 ? Math.min(1, Math.max(0, above / block.height)) : 0 }
  }

  const controller = new AbortController()
  const { signal } = controller
  for (const [pane, element] of /** @type {const} */ ([['text', view.dom], ['preview', region]])) {
    for (const event of ['wheel', 'touchstart', 'pointerdown', 'keydown']) element.addEventListener(event, () => (driver = pane), { signal, passive: true, capture: true })
  }
  scrollDOM.addEventListener('scroll', () => later(fromText), { signal, passive: true })
  region.addEventListener('scroll', () => later(fromPreview), { signal, passive: true })

  /** @param {() => void} move */
  function later(move) {
    cancelAnimationFrame(frame)
    frame = requestAnimationFrame(move)
  }

  function fromText() {
    const place = topPlace()
    const isSame = place.pos === seen.pos && Math.abs(place.above - seen.above) < 2
    seen = place
    if (isSame || driver !== 'text' || Math.abs(scrollDOM.scrollTop - ours.text) < 2) return
    const isAtStart = scrollDOM.scrollTop <= 0
    region.scrollTop = isAtStart ? 0 : topOf(page, view.state.doc.lineAt(place.pos).number + place.part)
    ours.preview = region.scrollTop
  }

  function fromPreview() {
    const isOurs = [ours.preview, page.held].some(top => Math.abs(region.scrollTop - top) < 2)
    if (driver !== 'preview' || isOurs) return
    const line = lineAt(page, region.scrollTop)
    const number = Math.min(Math.floor(line), view.state.doc.lines)
    const block = view.lineBlockAt(view.state.doc.line(number).from)
    const inset = view.documentTop - scrollDOM.getBoundingClientRect().top + scrollDOM.scrollTop
    scrollDOM.scrollTop = region.scrollTop <= 0 ? 0 : block.top + (line - number) * block.height + inset
    ours.text = scrollDOM.scrollTop
    seen = topPlace()
  }

  return {
    /** What scrolls the text next is this person's wish. */
    lead: () => void (driver = 'text'),
    /** @param {import('../../../../vendor/text.js').ViewUpdate} update */
    update(update) {
      if (update.docChanged) seen.pos = update.changes.mapPos(seen.pos, 1)
    },
    stop() {
      controller.abort()
      cancelAnimationFrame(frame)
    },
  }
}
