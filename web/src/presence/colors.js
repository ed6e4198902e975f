// A stable look per person: one of eight hues and one of eight shapes, which the style sheet defines for light
// and dark pages (`.hue-0` …, `.shape-0` …). Others send us only numbers, never CSS. Pure.

/** How many hues there are, and how many shapes. */
export const HUES = 8

/** What stock editors show for our hues, who expect a CSS colour. */
export const PLAIN = ['#c2410c', '#1d4ed8', '#be185d', '#15803d', '#7c3aed', '#a16207', '#0e7490', '#475569']

/** @typedef {{ hue: number, shape: number }} Look */

/** The hue a person gets when nobody else has it. @param {string} id */
export function preferredHue(id) {
  let hash = 7
  for (const character of id) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return hash % HUES
}

/**
 * The preferred hue with its shape, or the next hue that nobody has. With more people than hues the preferred
 * one again, in a shape that tells the two apart.
 * @param {string} id
 * @param {Look[]} taken
 * @returns {Look}
 */
export function freeLook(id, taken) {
  const first = preferredHue(id)
  const turned = Array.from({ length: HUES }, (_, step) => (first + step) % HUES)
  const hue = turned.find(hue => !taken.some(look => look.hue === hue))
  if (hue !== undefined) return { hue, shape: hue }
  const shape = turned.find(shape => !taken.some(look => look.hue === first && look.shape === shape))
  return { hue: first, shape: shape ?? first }
}

/** Whether `mine` may stay beside these, who are all here: they were first, or have it by rank. @param {Look} mine @param {Look[]} taken */
export function isDistinct(mine, taken) {
  if (!taken.some(look => look.hue === mine.hue)) return true
  const hues = new Set(taken.map(look => look.hue))
  return hues.size === HUES && !taken.some(look => look.hue === mine.hue && look.shape === mine.shape)
}
