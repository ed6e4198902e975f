// What is shown of a past: the document after a row, or that with what was there after another row. Pure.

/**
 * `at` is a row, −1 before the first. With `base`, an earlier row, what was deleted since then is shown as well.
 * @typedef {{ at: number, base: number | null }} Shown
 */

/** What became of a piece between two moments. @typedef {'kept' | 'inserted' | 'deleted' | 'changed'} State */

/** @type {readonly State[]} */
export const STATES = ['kept', 'inserted', 'deleted', 'changed']

/** @param {number} born @param {number} died @param {number} row */
export const isAlive = (born, died, row) => born <= row && row < died

/** Null when it is not shown. @param {number} born @param {number} died @param {Shown} shown @returns {State | null} */
export function stateOf(born, died, { at, base }) {
  const isNow = isAlive(born, died, at)
  if (base === null) return isNow ? 'kept' : null
  const wasThen = isAlive(born, died, base)
  if (isNow) return wasThen ? 'kept' : 'inserted'
  return wasThen ? 'deleted' : null
}
