// A stable colour per person, one of eight that the style sheet defines for light and dark pages
// (`.hue-0` … `.hue-7`). Others send us only a number, never CSS. Pure.

/** How many hues there are. */
export const HUES = 8

/** What stock editors show for our hues, who expect a CSS colour. */
export const PLAIN = ['#c2410c', '#1d4ed8', '#be185d', '#15803d', '#7c3aed', '#a16207', '#0e7490', '#475569']

/** The hue a person gets when nobody else has it. @param {string} id */
export function preferredHue(id) {
  let hash = 7
  for (const character of id) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return hash % HUES
}

/** The preferred hue, or the next that nobody has; with more people than hues, the preferred. @param {string} id @param {Set<number>} taken */
export function freeHue(id, taken) {
  const first = preferredHue(id)
  for (let step = 0; step < HUES; step++) {
    const hue = (first + step) % HUES
    if (!taken.has(hue)) return hue
  }
  return first
}
