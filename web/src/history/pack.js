// Reads history packs, as src/history/FORMAT.md of the server draws them. Every number is checked before it is used: what
// is no pack, or a broken one, is refused with a PackError. Knows neither Yjs nor the DOM.

const MAGIC = 'cscrpak'
const FORMAT = 1
const KINDS = /** @type {const} */ (['verified', 'claimed', 'server', 'import'])
/** The checksum at the end. */
const TAIL = 4

/** @typedef {{ kind: typeof KINDS[number], id: string, name: string }} User */

/**
 * A pack in columns. Insertions of row `i` stand from `insertedFrom[i]` up to `insertedFrom[i + 1]`; deletions alike.
 * @typedef {object} Pack
 * @property {string} epoch
 * @property {number} after
 * @property {number} last
 * @property {number} floor
 * @property {User[]} users
 * @property {Float64Array} clients ids
 * @property {Float64Array} seqs per row
 * @property {Float64Array} times per row, ms since 1970
 * @property {Uint32Array} authors per row, index of a user
 * @property {Uint32Array} insertedFrom
 * @property {{ client: number, length: number }[]} insertions
 * @property {Uint32Array} deletedFrom
 * @property {{ client: number, clock: number, length: number }[]} deletions
 * @property {Map<number, number>} starts next clock of a client, by its index
 * @property {Uint8Array} update
 */

/** Why bytes cannot be shown as a document's past. */
export class PackError extends Error {
  /** @param {string} what */
  constructor(what) {
    super(`the history cannot be read: ${what}`)
    this.name = 'PackError'
  }
}

/** @param {Uint8Array} bytes @returns {Pack} */
export function readPack(bytes) {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length))
  if (bytes.length < MAGIC.length + 1 + TAIL || head !== MAGIC) throw new PackError('it is no history pack')
  if (bytes[MAGIC.length] !== FORMAT) throw new PackError(`its format is ${bytes[MAGIC.length]}, this page knows ${FORMAT}`)
  const end = bytes.length - TAIL
  if (new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true) !== checksum(bytes.subarray(0, end))) throw new PackError('it is damaged')
  const reader = new Reader(bytes.subarray(MAGIC.length + 1, end))
  const epoch = [...reader.bytes(16)].map(byte => byte.toString(16).padStart(2, '0')).join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  const after = reader.number()
  const last = reader.number()
  const floor = reader.number()
  const users = reader.list(3, () => readUser(reader))
  const clients = Float64Array.from(reader.list(1, () => reader.number()))
  const rows = readRows(reader, after, users.length, clients.length)
  const starts = new Map(reader.list(2, () => [reader.index(clients.length), reader.number()]))
  const update = reader.column()
  reader.isDone('it goes on behind its end')
  if ((rows.seqs.at(-1) ?? after) !== last) throw new PackError('its last entry is another than it says')
  return { epoch, after, last, floor, users, clients, ...rows, starts, update: update.rest() }
}

/** @param {Reader} reader @returns {User} */
function readUser(reader) {
  const [kind] = reader.bytes(1)
  if (!KINDS[kind]) throw new PackError(`there is no user of the kind ${kind}`)
  return { kind: KINDS[kind], id: reader.text(), name: reader.text() }
}

/** @param {Reader} reader @param {number} after @param {number} users @param {number} clients */
function readRows(reader, after, users, clients) {
  const count = reader.number()
  const [seqColumn, timeColumn, authorColumn, shapes, insertedColumn, deletedColumn] = Array.from({ length: 6 }, () => reader.column())
  // A row takes a byte of its columns at least, so a count that promises more is refused before there is room made for it.
  if (count > authorColumn.left) throw new PackError('it has fewer rows than it says')
  const seqs = new Float64Array(count)
  const times = new Float64Array(count)
  const authors = new Uint32Array(count)
  const insertedFrom = new Uint32Array(count + 1)
  const deletedFrom = new Uint32Array(count + 1)
  let seq = after
  let time = 0
  for (let row = 0; row < count; row += 1) {
    seqs[row] = seq += seqColumn.number() + 1
    times[row] = time += timeColumn.signed()
    authors[row] = authorColumn.index(users)
    insertedFrom[row + 1] = insertedFrom[row] + shapes.number()
    deletedFrom[row + 1] = deletedFrom[row] + shapes.number()
  }
  if (insertedFrom[count] > insertedColumn.left || deletedFrom[count] > deletedColumn.left) throw new PackError('its rows have more pieces than there are')
  const insertions = Array.from({ length: insertedFrom[count] }, () => ({ client: insertedColumn.index(clients), length: insertedColumn.number() }))
  const deletions = readDeletions(deletedColumn, deletedFrom[count], clients)
  for (const column of [seqColumn, timeColumn, authorColumn, shapes, insertedColumn, deletedColumn]) column.isDone('a column is longer than its rows')
  return { seqs, times, authors, insertedFrom, insertions, deletedFrom, deletions }
}

/** @param {Reader} column @param {number} count @param {number} clients */
function readDeletions(column, count, clients) {
  const ends = new Float64Array(clients)
  return Array.from({ length: count }, () => {
    const client = column.index(clients)
    const clock = ends[client] + column.signed()
    const length = column.number()
    if (clock < 0) throw new PackError('a deletion begins before everything')
    ends[client] = clock + length
    return { client, clock, length }
  })
}

class Reader {
  #bytes
  #at = 0

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes
  }

  get left() {
    return this.#bytes.length - this.#at
  }

  /** @param {number} length */
  bytes(length) {
    if (length > this.left) throw new PackError('it is cut off')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  rest() {
    return this.bytes(this.left)
  }

  number() {
    const bytes = this.#bytes
    let value = 0
    let scale = 1
    for (;;) {
      if (this.#at >= bytes.length) throw new PackError('it is cut off')
      const byte = bytes[this.#at++]
      value += (byte & 127) * scale
      if (value > Number.MAX_SAFE_INTEGER) throw new PackError('a number is too large')
      if (byte < 128) return value
      scale *= 128
    }
  }

  signed() {
    const coded = this.number()
    return coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2
  }

  /** @param {number} count how many there are */
  index(count) {
    const index = this.number()
    if (index >= count) throw new PackError(`it names number ${index} of ${count}`)
    return index
  }

  text() {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.bytes(this.number()))
    } catch (error) {
      throw error instanceof PackError ? error : new PackError('a name is no text')
    }
  }

  column() {
    return new Reader(this.bytes(this.number()))
  }

  /** @template T @param {number} least bytes that each takes @param {() => T} read @returns {T[]} */
  list(least, read) {
    const count = this.number()
    if (count * least > this.left) throw new PackError('it is cut off')
    return Array.from({ length: count }, read)
  }

  /** @param {string} otherwise */
  isDone(otherwise) {
    if (this.left > 0) throw new PackError(otherwise)
  }
}

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value >>> 0
})

/** CRC-32 (IEEE). @param {Uint8Array} bytes */
export function checksum(bytes) {
  let value = 0xffffffff
  for (let at = 0; at < bytes.length; at += 1) value = TABLE[(value ^ bytes[at]) & 255] ^ (value >>> 8)
  return (value ^ 0xffffffff) >>> 0
}
