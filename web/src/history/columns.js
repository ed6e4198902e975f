// What the worker gives the page: a past in columns, each piece of text or node of a tree with the row it was born with and the
// row it died with. The document after row k is what has `born <= k < died`. Types, and how columns are read. Pure.

/** What has not been deleted. */
export const NEVER = 0xffffffff

/**
 * @typedef {object} TextColumns
 * @property {string} chars everything that ever stood in the text, in its order
 * @property {Uint32Array} starts of pieces in `chars`; one more than there are pieces
 * @property {Uint32Array} born
 * @property {Uint32Array} died
 */

/**
 * A tree, parents before children. What `first` and `size` mean depends on `kind`: of an element its attributes, of a string
 * its characters, of a format its place in `formats`.
 * @typedef {object} RichColumns
 * @property {Uint8Array} kind one of {@link NODE}
 * @property {Uint32Array} born
 * @property {Uint32Array} died
 * @property {Uint32Array} end where what follows the node and all in it stands
 * @property {Uint32Array} first
 * @property {Uint32Array} size
 * @property {Uint32Array} label of an element, place in `names`
 * @property {string[]} names
 * @property {string} chars
 * @property {{ key: string, value: any }[]} formats
 * @property {{ key: string, value: any }[]} attributes
 * @property {Uint32Array} attributeBorn
 * @property {Uint32Array} attributeDied
 * @property {Uint32Array} blocks where the children of the document stand
 * @property {string[]} ids of the blocks, the same in a later index
 * @property {Uint32Array} events sorted rows that touch a block, block after block
 * @property {Uint32Array} eventsFrom where those of a block begin; one more than there are blocks
 */

/**
 * Who inserted the clock values of each client: those of client `i` end at `ends[from[i] .. from[i + 1]]`.
 * @typedef {{ ids: Float64Array, from: Uint32Array, ends: Uint32Array, rows: Uint32Array }} ClientColumns
 */

/**
 * @typedef {object} Index
 * @property {string} epoch
 * @property {number} last
 * @property {number} floor
 * @property {import('../sync/meta.js').Kind} kind
 * @property {string} lang
 * @property {string} title
 * @property {import('./pack.js').User[]} users
 * @property {Float64Array} seqs per row
 * @property {Float64Array} times per row
 * @property {Uint32Array} authors per row
 * @property {Uint32Array} inserted clock values per row
 * @property {Uint32Array} deleted
 * @property {ClientColumns} clients
 * @property {TextColumns | null} text
 * @property {RichColumns | null} rich
 */

export const NODE = { element: 0, text: 1, string: 2, format: 3 }

/** What travels without being copied. @param {Index} index @returns {ArrayBuffer[]} */
export function buffersOf(index) {
  const all = [index, index.clients, index.text, index.rich].flatMap(part => (part ? Object.values(part) : []))
  return all.flatMap(column => (ArrayBuffer.isView(column) ? [/** @type {ArrayBuffer} */ (column.buffer)] : []))
}

/**
 * The place of the first number above a value in a sorted list.
 * @param {ArrayLike<number>} sorted
 * @param {number} value
 * @param {number} [from]
 * @param {number} [to]
 */
export function firstAbove(sorted, value, from = 0, to = sorted.length) {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle] > value) high = middle
    else low = middle + 1
  }
  return low
}
