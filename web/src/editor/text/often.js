// Reads something from a text that is asked for often: once per text, and of a long one at most once a second, with
// a word to whoever asks when it is worth asking again.

const LONG = 200_000
const PAUSE = 1000

/** @template Result @param {(doc: import('./extension.js').Text) => Result} compute @param {() => void} again */
export function atMostOften(compute, again) {
  /** @type {{ doc: import('./extension.js').Text, result: Result, at: number } | undefined} */
  let known
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  /** @param {import('./extension.js').Text} doc */
  return doc => {
    if (known?.doc === doc) return known.result
    const now = performance.now()
    if (known && doc.length > LONG && now - known.at < PAUSE) {
      timer ??= setTimeout(() => {
        timer = undefined
        again()
      }, PAUSE)
      return known.result
    }
    known = { doc, result: compute(doc), at: now }
    return known.result
  }
}
