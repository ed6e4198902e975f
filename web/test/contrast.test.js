// What can be read: the colours of tokens.css meet WCAG 2.2 AA in both themes.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { HUES, PLAIN } from '../src/presence/colors.js'

const css = readFileSync(new URL('../styles/tokens.css', import.meta.url), 'utf8')
const colours = /** @type {Record<string, [string, string]>} */ ({})
for (const [, name, light, dark] of css.matchAll(/--([\w-]+): light-dark\((#\w+), (#\w+)\)/g)) if (!(name in colours)) colours[name] = [light, dark]
const people = [...css.matchAll(/\.hue-(\d) \{ --person: light-dark\((#\w+), (#\w+)\)/g)].map(([, , light, dark]) => [light, dark])
const [, ...personInk] = css.match(/--person-ink: light-dark\((#\w+), (#\w+)\)/) ?? []

/** Relative luminance. @param {string} hex */
function luminance(hex) {
  const [r, g, b] = (hex.slice(1).match(/../g) ?? []).map(part => {
    const value = parseInt(part, 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** @param {string} a @param {string} b */
function contrast(a, b) {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light + 0.05) / (dark + 0.05)
}

/** @param {string} ink @param {string[]} grounds @param {number} least */
function meets(ink, grounds, least) {
  for (const ground of grounds) {
    for (const theme of [0, 1]) {
      const ratio = contrast(colours[ink][theme], colours[ground][theme])
      assert.ok(ratio >= least, `--${ink} on --${ground}, ${['light', 'dark'][theme]}: ${ratio.toFixed(2)}`)
    }
  }
}

test('contrast is computed as WCAG does', () => {
  assert.equal(contrast('#000000', '#ffffff'), 21)
  assert.equal(contrast('#777777', '#ffffff').toFixed(2), '4.48')
})

test('text is readable on every ground it may stand on', () => {
  const grounds = ['ground', 'paper', 'raised']
  for (const ink of ['ink', 'ink-soft', 'ink-faint', 'accent', 'warm', 'good', 'bad']) meets(ink, grounds, 4.5)
  meets('ink', ['code', 'accent-wash', 'warm-wash', 'bad-wash'], 4.5)
  meets('ink-soft', ['code', 'accent-wash', 'warm-wash', 'bad-wash'], 4.5)
  meets('accent', ['accent-wash'], 4.5)
  meets('bad', ['bad-wash'], 4.5)
  meets('accent-ink', ['accent'], 4.5)
})

test('edges of controls and signs without words can be seen', () => {
  for (const sign of ['line-strong', 'good', 'busy', 'bad', 'quiet', 'accent']) meets(sign, ['ground', 'paper', 'raised'], 3)
})

test('every hue has a name that is readable on it, and is seen on the page', () => {
  assert.equal(people.length, HUES)
  for (const [index, hue] of people.entries()) {
    for (const theme of [0, 1]) {
      assert.ok(contrast(hue[theme], personInk[theme]) >= 4.5, `ink on hue ${index}`)
      assert.ok(contrast(hue[theme], colours.paper[theme]) >= 3, `hue ${index} on paper`)
    }
    assert.ok(contrast(PLAIN[index], '#ffffff') >= 4.5, `what stock editors show for hue ${index}`)
  }
})

test('there is a shape for every hue', () => {
  assert.equal([...css.matchAll(/\.shape-(\d) \{/g)].length, HUES)
})
