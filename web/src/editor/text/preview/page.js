// The preview of a Markdown text: an element for each chunk, rendered when it comes near what is seen, in idle time,
// and exchanged where it differs. What is seen stays where it is whatever changes around it.
import { headingsOf, slugOf } from '../markdown/outline.js'
import { dispatchTask } from '../markdown/tasks.js'
import { Chunks } from './chunks.js'
import { topOf } from './lines.js'
import { linkScrolling } from './link.js'
import { blocksOf, lineWithin, patch } from './patch.js'
import { parseReferences, renderMarkdown } from './render.js'

/** A pause after the last edit, and the most time of a rendering turn, in ms. */
const PAUSE = 60
const TURN = 8
/** The height of a line that was never rendered, in px; a guess that only the scroll bar shows. */
const LINE = 24

/** @typedef {{ update: (update: import('../../../../vendor/text.js').ViewUpdate) => void, lead: () => void, stop: () => void }} Preview */

/** @param {HTMLElement} region @param {import('../editor.js').TextEditor} editor @returns {Preview} */
export function startPreview(region, editor) {
  const page = new Page(region, editor)
  const link = linkScrolling(editor.view, region, page)
  return {
    update(update) {
      page.update(update)
      link.update(update)
    },
    lead: link.lead,
    stop() {
      link.stop()
      page.stop()
    },
  }
}

export class Page {
  isStopped = false
  /** The definitions as written, and as found in them. @type {string | undefined} */
  written
  /** @type {import('./render.js').References} */
  references = {}
  /** @type {{ cancel: () => void } | null} */
  planned = null
  /** Where the page stood after it was changed around what is seen; getting there is no scrolling of this person. */
  held = -1
  /** The line of what is seen first and its distance from the edge; moves along with edits. @type {{ line: number, top: number } | null} */
  anchor = null

  /** @param {HTMLElement} region @param {import('../editor.js').TextEditor} editor */
  constructor(region, editor) {
    this.region = region
    this.editor = editor
    this.body = region.ownerDocument.createElement('div')
    this.body.className = 'preview-body'
    region.replaceChildren(this.body)
    this.chunks = new Chunks(editor.view.state.doc)
    /** @type {WeakSet<Element>} */
    this.fresh = new WeakSet()
    this.collectReferences()
    this.body.append(...this.chunks.list.map(chunk => this.placeholder(chunk)))
    this.onScroll = () => {
      if (Math.abs(region.scrollTop - this.held) >= 2) this.note()
      this.plan(0)
    }
    this.onClick = (/** @type {MouseEvent} */ event) => this.click(event)
    region.addEventListener('scroll', this.onScroll, { passive: true })
    region.addEventListener('click', this.onClick)
    this.sizes = new ResizeObserver(() => this.plan(0))
    this.sizes.observe(region)
    this.renderSeen(performance.now() + 50)
  }

  stop() {
    this.isStopped = true
    this.planned?.cancel()
    this.sizes.disconnect()
    this.region.removeEventListener('scroll', this.onScroll)
    this.region.removeEventListener('click', this.onClick)
    this.body.remove()
  }

  /** @param {import('../../../../vendor/text.js').ViewUpdate} update */
  update(update) {
    if (this.isStopped) return
    if (update.startState.readOnly !== update.state.readOnly) this.staleAll()
    if (!update.docChanged) return
    if (this.anchor) {
      const { from } = update.startState.doc.line(this.anchor.line)
      this.anchor.line = update.state.doc.lineAt(update.changes.mapPos(from, 1)).number
    }
    const { at, removed, added } = this.chunks.update(update.startState.doc, update.state.doc, update.changes)
    const follow = () => this.follow(at, removed.length, added)
    if (removed.length === added.length) follow()
    else this.keepPlace(follow)
    if ([...removed, ...added].some(({ references }) => references) && this.collectReferences()) this.staleAll()
    this.plan(PAUSE)
  }

  /** Elements of chunks that only changed stay and are patched later. @param {number} at @param {number} removed @param {import('./chunks.js').Chunk[]} added */
  follow(at, removed, added) {
    const { children } = this.body
    for (let index = 0; index < Math.max(removed, added.length); index++) {
      if (index < removed && index < added.length) this.fresh.delete(children[at + index])
      else if (index < removed) children[at + added.length].remove()
      else this.body.insertBefore(this.placeholder(added[index]), children[at + index] ?? null)
    }
  }

  /** @param {import('./chunks.js').Chunk} chunk */
  placeholder({ lines }) {
    const element = this.body.ownerDocument.createElement('div')
    element.className = 'preview-chunk'
    element.style.minHeight = `${lines * LINE}px`
    return element
  }

  /** The definitions of links, which hold for the whole text; true when they changed. */
  collectReferences() {
    const written = this.chunks.list.map(({ references }) => references).join('')
    if (written === this.written) return false
    this.written = written
    this.references = parseReferences(written)
    return true
  }

  staleAll() {
    this.fresh = new WeakSet()
    this.plan(0)
  }

  /** Renders soon, when the browser has time. @param {number} pause */
  plan(pause) {
    if (this.isStopped || (this.planned && pause === 0)) return
    this.planned?.cancel()
    /** @type {number | undefined} */
    let idle
    const timer = setTimeout(() => {
      idle = requestIdle(() => {
        this.planned = null
        if (this.renderSeen(performance.now() + TURN)) this.plan(0)
      })
    }, pause)
    this.planned = {
      cancel() {
        clearTimeout(timer)
        if (idle !== undefined) cancelIdle(idle)
      },
    }
  }

  /** Renders what is stale near what is seen; true when time ran out before all was done. @param {number} deadline */
  renderSeen(deadline) {
    const { clientHeight } = this.region
    const { children } = this.body
    let isUnfinished = false
    this.keepPlace(() => {
      // What is looked at comes first: where it stands says what else is near.
      if (this.anchor) this.freshen(this.chunks.find(this.anchor.line).index)
      this.restore()
      const top = this.region.scrollTop - clientHeight
      for (let index = this.indexAt(top); index < children.length; index++) {
        const { offsetTop } = /** @type {HTMLElement} */ (children[index])
        if (offsetTop > top + 3 * clientHeight) break
        if (performance.now() > deadline && !this.fresh.has(children[index])) {
          isUnfinished = true
          break
        }
        this.freshen(index)
      }
    })
    this.note()
    return isUnfinished
  }

  /** @param {number} index */
  freshen(index) {
    const child = this.body.children[index]
    if (child && !this.fresh.has(child)) this.render(index)
  }

  /** @param {number} index */
  render(index) {
    const { doc, readOnly } = this.editor.view.state
    const chunk = this.chunks.list[index]
    const start = this.chunks.startOf(index)
    const element = /** @type {HTMLElement} */ (this.body.children[index])
    const source = doc.sliceString(doc.line(start).from, doc.line(start + chunk.lines - 1).to)
    patch(element, renderMarkdown(source, chunk.fence, this.references))
    for (const box of element.querySelectorAll('input')) box.disabled = readOnly
    element.style.minHeight = ''
    this.fresh.add(element)
  }

  /** The first chunk that reaches below a height. @param {number} top */
  indexAt(top) {
    const { children } = this.body
    let [low, high] = [0, children.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      const { offsetTop, offsetHeight } = /** @type {HTMLElement} */ (children[middle])
      if (offsetTop + offsetHeight > top) high = middle
      else low = middle + 1
    }
    return Math.max(0, low)
  }

  /** Changes the page around what is seen: the first whole block stays where it is. @param {() => void} change */
  keepPlace(change) {
    const { region } = this
    if (region.scrollTop === 0) return change()
    const edge = region.getBoundingClientRect().top
    const seen = this.seenBlocks().map(block => ({ block, top: block.getBoundingClientRect().top }))
    change()
    if (!this.restore()) {
      const stayed = seen.find(({ block, top }) => top >= edge && block.isConnected)
      if (stayed) region.scrollTop += stayed.block.getBoundingClientRect().top - stayed.top
    }
    this.held = region.scrollTop
  }

  /** Blocks of the first chunk that is seen and of the next. */
  seenBlocks() {
    const chunk = this.body.children[this.indexAt(this.region.scrollTop)]
    return [chunk, chunk?.nextElementSibling].flatMap(element => (element ? [...blocksOf(element), element] : []))
  }

  /** Notes the line of the first whole block, and where it stands. */
  note() {
    const edge = this.region.getBoundingClientRect().top
    this.anchor = null
    if (this.region.scrollTop === 0) return
    for (const block of this.seenBlocks()) {
      const top = block.getBoundingClientRect().top - edge
      const chunk = block.closest('.preview-chunk')
      if (top < 0 || !chunk || chunk === block || !this.fresh.has(chunk)) continue
      this.anchor = { line: this.chunks.startOf([...this.body.children].indexOf(chunk)) + lineWithin(block), top }
      return
    }
  }

  /** Brings the noted line to where it stood; false when it is not drawn as it is now. */
  restore() {
    if (!this.anchor) return false
    const { line, top } = this.anchor
    const { index, start } = this.chunks.find(line)
    const chunk = this.body.children[index]
    if (!chunk || !this.fresh.has(chunk)) return false
    const block = blocksOf(chunk).findLast(block => start + lineWithin(block) <= line)
    if (!block) return false
    this.region.scrollTop += block.getBoundingClientRect().top - this.region.getBoundingClientRect().top - top
    return true
  }

  /** @param {MouseEvent} event */
  click(event) {
    const target = /** @type {Element} */ (event.target)
    const anchor = target.closest('a[href^="#"]')
    if (anchor) {
      event.preventDefault()
      this.goToHeading(decodeURIComponent(anchor.getAttribute('href')?.slice(1) ?? ''))
    } else if (target instanceof HTMLInputElement) {
      event.preventDefault()
      this.tick(target)
    }
  }

  /** The text decides what a box shows, so only the text is changed. @param {HTMLInputElement} box */
  tick(box) {
    const chunk = box.closest('.preview-chunk')
    const index = chunk ? [...this.body.children].indexOf(chunk) : -1
    if (!chunk || index < 0) return
    if (!this.fresh.has(chunk)) {
      // Others changed these lines since they were drawn; where the box belongs is known after drawing them.
      this.keepPlace(() => this.render(index))
      if (!box.isConnected) return
    }
    if (dispatchTask(this.editor.view, this.chunks.startOf(index) + lineWithin(box))) this.keepPlace(() => this.render(index))
  }

  /** @param {string} name */
  goToHeading(name) {
    const heading = headingsOf(this.editor.view.state.doc).find(({ text }) => slugOf(text) === name.toLowerCase())
    if (heading) this.region.scrollTop = topOf(this, heading.line)
  }
}

/** @param {() => void} run */
const requestIdle = run => ('requestIdleCallback' in self ? requestIdleCallback(run, { timeout: 400 }) : Number(setTimeout(run, 1)))
/** @param {number} handle */
const cancelIdle = handle => ('cancelIdleCallback' in self ? cancelIdleCallback(handle) : clearTimeout(handle))
