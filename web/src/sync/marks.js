// Which edits were made and which of them the server has on disk, per session: one life of a tab, or of a program.
// Counts only grow and merge by taking the larger, so tabs, storage and answers may tell of them in any order.
// Pure; knows neither documents nor time.

/** Per session: edits made and edits confirmed. @typedef {Record<string, [made: number, confirmed: number]>} Marks */
/** Per session: so many of its edits are in this document. @typedef {Record<string, number>} Known */

/** What both know together. @param {Marks} one @param {Marks} other @returns {Marks} */
export function merged(one, other) {
  const result = { ...one }
  for (const [session, [made, confirmed]] of Object.entries(other)) {
    const [here, sure] = result[session] ?? [0, 0]
    result[session] = [Math.max(here, made), Math.max(sure, confirmed)]
  }
  return result
}

/** How many edits are not confirmed. @param {Marks} marks */
export function pending(marks) {
  return Object.values(marks).reduce((sum, [made, confirmed]) => sum + Math.max(0, made - confirmed), 0)
}

/** The edits that whoever has these marks has. @param {Marks} marks @returns {Known} */
export function known(marks) {
  return Object.fromEntries(Object.entries(marks).map(([session, [made]]) => [session, made]))
}

/** Everything known then is confirmed now. @param {Marks} marks @param {Known} then @returns {Marks} */
export function confirmed(marks, then) {
  return merged(marks, Object.fromEntries(Object.entries(then).map(([session, made]) => [session, [made, made]])))
}

/** Without what nobody needs to remember. A session that lives on brings its own counts again. @param {Marks} marks @returns {Marks} */
export function unconfirmed(marks) {
  return Object.fromEntries(Object.entries(marks).filter(([, [made, sure]]) => made > sure))
}

/** Marks from storage or another tab, whatever they are. @param {unknown} value @returns {Marks} */
export function readMarks(value) {
  if (typeof value !== 'object' || value === null) return {}
  const isCount = (/** @type {unknown} */ count) => Number.isSafeInteger(count) && Number(count) >= 0
  return Object.fromEntries(Object.entries(value).filter(([, pair]) => Array.isArray(pair) && pair.length === 2 && pair.every(isCount)))
}
