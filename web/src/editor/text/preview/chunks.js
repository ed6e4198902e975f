// Cuts a Markdown text into chunks that can be rendered apart, and keeps the cut through edits by looking only near
// the change. A cut stands where no block can continue: after a blank line, before an unindented line that begins
// no list item, outside fences. Pure.

/** Cuts are made where the text itself says so, at about every eighth possible place, so that an edit does not move
 *  those after it; but a chunk has at least LEAST characters, from MUCH on it ends at the next possible place, and
 *  from MOST on at any line. */
const LEAST = 400
const MUCH = 4000
const MOST = 24_000

/** @typedef {import('../extension.js').Text} Text */
/**
 * @typedef {object} Chunk
 * @property {number} lines
 * @property {string} fence the fence it begins in, when it was cut inside one
 * @property {string} references lines that define links for the whole document
 */
/** Chunks that took the place of others. @typedef {{ at: number, removed: Chunk[], added: Chunk[] }} Splice */

/** The chunks from a line on, one by one. @param {Text} doc @param {number} line from 1 @param {string} fence @returns {Generator<Chunk, void>} */
function* cut(doc, line, fence) {
  let chunk = { lines: 0, fence, references: '' }
  let length = 0
  let isAfterBlank = false
  for (const lines = doc.iterLines(line); !lines.next().done; ) {
    const text = lines.value
    const isPossible = length >= LEAST && !fence && isAfterBlank && isSafeStart(text)
    if (chunk.lines > 0 && (length >= MOST || (isPossible && (length >= MUCH || isChosen(text))))) {
      yield chunk
      chunk = { lines: 0, fence, references: '' }
      length = 0
    }
    fence = fenceAfter(fence, text)
    if (!fence && text.includes(']:') && /^ {0,3}\[[^\]]+\]:/.test(text)) chunk.references += `${text}\n`
    chunk.lines++
    length += text.length + 1
    isAfterBlank = text === '' || text.trim() === ''
  }
  if (chunk.lines > 0) yield chunk
}

/** Chance that is the same for the same line. @param {string} text */
function isChosen(text) {
  let hash = text.length
  for (let index = 0; index < text.length && index < 40; index++) hash = (hash * 31 + text.charCodeAt(index)) | 0
  return ((hash ^ (hash >>> 15)) & 7) === 0
}

/** @param {string} text */
function isSafeStart(text) {
  return text !== '' && !/^(?:\s|[-*+](?:\s|$)|\d{1,9}[.)](?:\s|$))/.test(text)
}

/** The open fence after a line; empty when none is. @param {string} fence @param {string} text */
function fenceAfter(fence, text) {
  const at = text.search(/[^ ]/)
  if (at < 0 || at > 3 || (text[at] !== '`' && text[at] !== '~')) return fence
  const signs = text.slice(at).match(/^(`{3,}|~{3,})/)?.[1]
  if (!signs) return fence
  if (fence) return signs.startsWith(fence) && text.trim() === signs ? '' : fence
  return signs[0] === '`' && text.indexOf('`', at + signs.length) >= 0 ? '' : signs
}

export class Chunks {
  /** @type {Chunk[]} */
  list = []

  /** @param {Text} doc */
  constructor(doc) {
    this.list = [...cut(doc, 1, '')]
  }

  /** Which chunk holds a line, and the line it begins at (both from where they count: 0 and 1). @param {number} line */
  find(line) {
    let start = 1
    for (let index = 0; index < this.list.length; index++) {
      const { lines } = this.list[index]
      if (line < start + lines || index === this.list.length - 1) return { index, start }
      start += lines
    }
    return { index: 0, start: 1 }
  }

  /** The line a chunk begins at. @param {number} index */
  startOf(index) {
    let start = 1
    for (let before = 0; before < index; before++) start += this.list[before].lines
    return start
  }

  /** Follows an edit. @param {Text} before @param {Text} after @param {import('@codemirror/state').ChangeSet} changes @returns {Splice} */
  update(before, after, changes) {
    const { first, last, firstAfter } = span(before, after, changes)
    const delta = after.lines - before.lines
    // The start of a chunk depends on what it begins with, so the one before is cut again as well.
    const touched = this.find(first)
    const at = Math.max(0, touched.index - 1)
    const start = this.startOf(at)
    const added = []
    let line = start
    let old = at
    let oldLine = start
    for (const chunk of cut(after, start, this.list[at]?.fence ?? '')) {
      // Skips the old chunks that begin before this one would.
      while (old < this.list.length && oldLine + delta < line) oldLine += this.list[old++].lines
      const isAsBefore = oldLine > last && oldLine + delta === line && this.list[old]?.fence === chunk.fence
      if (isAsBefore) return this.splice(at, old, added, firstAfter)
      added.push(chunk)
      line += chunk.lines
    }
    return this.splice(at, this.list.length, added, firstAfter)
  }

  /** @param {number} at @param {number} end @param {Chunk[]} added @param {number} changed the first line that changed @returns {Splice} */
  splice(at, end, added, changed) {
    const known = this.list[at]
    const isKept = known && added[0] && known.lines === added[0].lines && this.startOf(at) + known.lines <= changed
    if (isKept) {
      added.shift()
      at++
    }
    const removed = this.list.splice(at, end - at, ...added)
    return { at, removed, added }
  }
}

/** The lines that changes touch: from the first to the last, before, and the first after. @param {Text} before @param {Text} after @param {import('@codemirror/state').ChangeSet} changes */
function span(before, after, changes) {
  let [from, to, fromAfter] = [before.length, 0, after.length]
  changes.iterChangedRanges((fromA, toA, fromB) => {
    from = Math.min(from, fromA)
    to = Math.max(to, toA)
    fromAfter = Math.min(fromAfter, fromB)
  })
  return { first: before.lineAt(from).number, last: before.lineAt(to).number, firstAfter: after.lineAt(fromAfter).number }
}
