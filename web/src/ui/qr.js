// Writes a text as a QR code (ISO/IEC 18004, bytes, error correction M) for the cameras of phones. Pure; fetched when
// somebody wants one.

/** The largest written here: 15 has 77 modules, which a phone still reads from a screen, and room for 412 bytes. */
const VERSIONS = 15
/** Bytes of error correction in each block, and blocks, by version. */
const CORRECTION = [0, 10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24]
const BLOCKS = [0, 1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10]
/** Which modules a mask turns over. @type {((x: number, y: number) => boolean)[]} */
const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (_x, y) => y % 2 === 0,
  x => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
]

/** Dark modules, row by row; null for a text that is too long. @param {string} text @returns {boolean[][] | null} */
export function qrOf(text) {
  const bytes = new TextEncoder().encode(text)
  const version = Array.from({ length: VERSIONS }, (_, index) => index + 1).find(version => bytes.length + headOf(version) <= roomOf(version))
  if (!version) return null
  const bits = interleaved(wordsOf(bytes, version), version).flatMap(byte => Array.from({ length: 8 }, (_, index) => (byte >> (7 - index)) & 1))
  const codes = MASKS.map((mask, number) => drawn(bits, version, mask, number))
  return codes.reduce((best, code) => (penalty(code) < penalty(best) ? code : best))
}

/** Bytes of mode and length, rounded up. @param {number} version */
const headOf = version => (version < 10 ? 2 : 3)
/** @param {number} version */
const sizeOf = version => version * 4 + 17

/** All bytes of a code. @param {number} version */
function bytesOf(version) {
  const aligns = version < 2 ? 0 : Math.floor(version / 7) + 2
  const modules = (16 * version + 128) * version + 64 - (aligns && (25 * aligns - 10) * aligns - 55) - (version < 7 ? 0 : 36)
  return Math.floor(modules / 8)
}

/** Those that are not correction. @param {number} version */
const roomOf = version => bytesOf(version) - CORRECTION[version] * BLOCKS[version]

/** Mode, length, the text and what fills the rest. @param {Uint8Array} bytes @param {number} version */
function wordsOf(bytes, version) {
  const length = (version < 10 ? '' : (bytes.length >> 8).toString(2).padStart(8, '0')) + (bytes.length & 255).toString(2).padStart(8, '0')
  const written = `0100${length}${Array.from(bytes, byte => byte.toString(2).padStart(8, '0')).join('')}0000`
  const words = (written.match(/.{8}/g) ?? []).map(bits => parseInt(bits, 2))
  for (let filler = 0xec; words.length < roomOf(version); filler ^= 0xec ^ 0x11) words.push(filler)
  return words
}

/** Blocks with their correction, taken in turns. @param {number[]} words @param {number} version */
function interleaved(words, version) {
  const [count, correction] = [BLOCKS[version], CORRECTION[version]]
  const short = Math.floor(words.length / count)
  const shorts = count - (words.length % count)
  const divisor = divisorOf(correction)
  let at = 0
  const blocks = Array.from({ length: count }, (_, index) => words.slice(at, (at += short + (index < shorts ? 0 : 1))))
  const ends = blocks.map(block => remainder(block, divisor))
  const turns = (/** @type {number[][]} */ lists, /** @type {number} */ most) => Array.from({ length: most }, (_, index) => lists.flatMap(list => (index < list.length ? [list[index]] : []))).flat()
  return [...turns(blocks, short + 1), ...turns(ends, correction)]
}

/** In the field of 256 elements. @param {number} a @param {number} b */
function times(a, b) {
  let product = 0
  for (let bit = 7; bit >= 0; bit--) product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((b >> bit) & 1) * a)
  return product
}

/** @param {number} degree */
function divisorOf(degree) {
  const divisor = [...Array(degree - 1).fill(0), 1]
  for (let step = 0, root = 1; step < degree; step++, root = times(root, 2)) {
    for (let index = 0; index < degree; index++) divisor[index] = times(divisor[index], root) ^ (divisor[index + 1] ?? 0)
  }
  return divisor
}

/** @param {number[]} words @param {number[]} divisor */
function remainder(words, divisor) {
  const rest = Array(divisor.length).fill(0)
  for (const word of words) {
    const factor = word ^ rest.shift()
    rest.push(0)
    divisor.forEach((coefficient, index) => (rest[index] ^= times(coefficient, factor)))
  }
  return rest
}

/** @param {number[]} bits @param {number} version @param {(x: number, y: number) => boolean} mask @param {number} number the mask's */
function drawn(bits, version, mask, number) {
  const size = sizeOf(version)
  const code = Array.from({ length: size }, () => /** @type {(boolean | undefined)[]} */ (Array(size).fill(undefined)))
  const set = (/** @type {number} */ x, /** @type {number} */ y, /** @type {boolean} */ isDark) => {
    if (code[y] && x >= 0 && x < size) code[y][x] = isDark
  }
  patterns(set, version)
  formats(set, size, number)
  let next = 0
  for (let right = size - 1; right >= 1; right -= right === 8 ? 3 : 2) {
    const isUp = ((right + (right < 6 ? 2 : 1)) & 2) === 0
    for (let step = 0; step < size; step++) {
      for (const x of [right, right - 1]) {
        const y = isUp ? size - 1 - step : step
        if (code[y][x] === undefined) code[y][x] = (bits[next++] === 1) !== mask(x, y)
      }
    }
  }
  return /** @type {boolean[][]} */ (code)
}

/** What every code of a version has. @param {(x: number, y: number, isDark: boolean) => void} set @param {number} version */
function patterns(set, version) {
  const size = sizeOf(version)
  for (let index = 0; index < size; index++) [set(6, index, index % 2 === 0), set(index, 6, index % 2 === 0)]
  const square = (/** @type {number} */ cx, /** @type {number} */ cy, /** @type {number} */ reach, /** @type {number[]} */ light) => {
    for (let dy = -reach; dy <= reach; dy++) for (let dx = -reach; dx <= reach; dx++) set(cx + dx, cy + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))))
  }
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) square(x, y, 4, [2, 4])
  const places = alignments(version)
  const last = places.length - 1
  places.forEach((x, column) => places.forEach((y, row) => {
    const isFinder = (column === 0 && row === 0) || (column === 0 && row === last) || (column === last && row === 0)
    if (!isFinder) square(x, y, 2, [1])
  }))
  if (version < 7) return
  let rest = version
  for (let step = 0; step < 12; step++) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25)
  for (let index = 0; index < 18; index++) {
    const isDark = (((version << 12) | rest) >> index & 1) === 1
    const [far, near] = [size - 11 + (index % 3), Math.floor(index / 3)]
    set(far, near, isDark)
    set(near, far, isDark)
  }
}

/** @param {number} version */
function alignments(version) {
  if (version < 2) return []
  const count = Math.floor(version / 7) + 2
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2
  return [6, ...Array.from({ length: count - 1 }, (_, index) => sizeOf(version) - 7 - step * index).reverse()]
}

/** Says which correction and mask. @param {(x: number, y: number, isDark: boolean) => void} set @param {number} size @param {number} mask */
function formats(set, size, mask) {
  let rest = mask
  for (let step = 0; step < 10; step++) rest = (rest << 1) ^ ((rest >> 9) * 0x537)
  const bits = ((mask << 10) | rest) ^ 0x5412
  for (let index = 0; index < 15; index++) {
    const isDark = ((bits >> index) & 1) === 1
    if (index < 8) set(8, index < 6 ? index : index + 1, isDark)
    else set(index === 8 ? 7 : 14 - index, 8, isDark)
    if (index < 8) set(size - 1 - index, 8, isDark)
    else set(8, size - 15 + index, isDark)
  }
  set(8, size - 8, true)
}

/** How hard cameras find it. @param {boolean[][]} code */
function penalty(code) {
  const size = code.length
  const rows = code.map(row => row.map(Number).join(''))
  const columns = rows.map((_, x) => rows.map(row => row[x]).join(''))
  let points = 0
  for (const line of [...rows, ...columns]) {
    for (const run of line.match(/0{5,}|1{5,}/g) ?? []) points += run.length - 2
    points += 40 * (line.match(/(?=10111010000|00001011101)/g) ?? []).length
  }
  for (let y = 1; y < size; y++) for (let x = 1; x < size; x++) if (new Set([code[y][x], code[y - 1][x], code[y][x - 1], code[y - 1][x - 1]]).size === 1) points += 3
  const dark = rows.join('').replaceAll('0', '').length
  return points + 10 * Math.floor(Math.abs(dark * 20 - size * size * 10) / (size * size))
}
