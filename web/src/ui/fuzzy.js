// Finds a typed text in a label, letters in order but not necessarily together, and says how good the match is.
// Pure.

/** @typedef {{ score: number, marks: [text: string, isHit: boolean][] }} Match */

/** @param {string} text */
const fold = text => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

/** Null when not all letters are there. Beginnings of words and unbroken runs count more. @param {string} query @param {string} label @returns {Match | null} */
export function match(query, label) {
  // Letter by letter, so that marks stay in step with the label however folding changes lengths.
  const letters = [...label]
  const folded = letters.map(fold)
  const wanted = [...fold(query).replace(/\s+/g, '')]
  let best = null
  for (let start = 0; start < folded.length; start++) {
    if (folded[start] !== wanted[0]) continue
    const hits = walk(folded, wanted, start)
    if (!hits) break
    const score = rate(folded, hits)
    if (!best || score > best.score) best = { score, hits }
  }
  return best && { score: best.score, marks: split(letters, best.hits) }
}

/** @param {string[]} letters @param {string[]} wanted @param {number} start */
function walk(letters, wanted, start) {
  const hits = []
  let at = start
  for (const letter of wanted) {
    while (at < letters.length && letters[at] !== letter) at++
    if (at === letters.length) return null
    hits.push(at++)
  }
  return hits
}

/** @param {string[]} letters @param {number[]} hits */
function rate(letters, hits) {
  let score = -letters.length / 50 - hits[0] / 20
  for (const [index, hit] of hits.entries()) {
    const isWordStart = hit === 0 || !/[\p{L}\p{N}]/u.test(letters[hit - 1])
    const isRun = index > 0 && hits[index - 1] === hit - 1
    const isFirst = index === 0 && isWordStart
    score += isRun || isFirst ? 2 : isWordStart ? 1.3 : 0.2
  }
  return score
}

/** @param {string[]} letters @param {number[]} hits @returns {Match['marks']} */
function split(letters, hits) {
  /** @type {Match['marks']} */
  const marks = []
  for (const [index, letter] of letters.entries()) {
    const isHit = hits.includes(index)
    const last = marks.at(-1)
    if (last && last[1] === isHit) last[0] += letter
    else marks.push([letter, isHit])
  }
  return marks
}
