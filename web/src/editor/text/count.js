// Counts words of a text and keeps the count through edits by looking at the changed lines only, as words never
// cross lines. Pure.

const WORD = /[\p{L}\p{N}]+(?:['’._-][\p{L}\p{N}]+)*/gu

/** @param {string} text */
export function wordsIn(text) {
  return text.match(WORD)?.length ?? 0
}

/** @param {import('./extension.js').Text} doc @param {number} [from] first line @param {number} [to] last line */
function wordsOfLines(doc, from = 1, to = doc.lines) {
  let words = 0
  for (const lines = doc.iterLines(from, to + 1); !lines.next().done; ) words += wordsIn(lines.value)
  return words
}

/** A count that begins when first asked for. */
export class WordCount {
  /** @type {number | null} */
  #words = null

  /** @param {import('./extension.js').Text} doc */
  of(doc) {
    return (this.#words ??= wordsOfLines(doc))
  }

  /** @param {import('./extension.js').Text} before @param {import('./extension.js').Text} after @param {import('@codemirror/state').ChangeSet} changes */
  update(before, after, changes) {
    if (this.#words === null) return
    // Changes on one line are one place; else its other words would be counted once for each.
    for (const { old, now } of changedLines(before, after, changes)) {
      this.#words += wordsOfLines(after, now.from, now.to) - wordsOfLines(before, old.from, old.to)
    }
  }
}

/** Ranges of whole lines that differ, neighbours joined. @param {import('./extension.js').Text} before @param {import('./extension.js').Text} after @param {import('@codemirror/state').ChangeSet} changes */
function changedLines(before, after, changes) {
  /** @type {{ old: { from: number, to: number }, now: { from: number, to: number } }[]} */
  const ranges = []
  changes.iterChanges((fromA, toA, fromB, toB) => {
    const old = { from: before.lineAt(fromA).number, to: before.lineAt(toA).number }
    const now = { from: after.lineAt(fromB).number, to: after.lineAt(toB).number }
    const last = ranges[ranges.length - 1]
    if (last && (last.old.to >= old.from || last.now.to >= now.from)) {
      last.old.to = Math.max(last.old.to, old.to)
      last.now.to = Math.max(last.now.to, now.to)
    } else {
      ranges.push({ old, now })
    }
  })
  return ranges
}
