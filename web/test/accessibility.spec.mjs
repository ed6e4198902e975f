// Every page, dialog and menu, wide and narrow, light and dark: axe-core finds nothing.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { launch } from './support/people.mjs'
import { PLACES, SCREENS, goTo, nameOf, setStage } from './support/scenes.mjs'
import { skip } from './support/server.mjs'

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** @type {import('playwright-core').Browser} */
let browser
/** @type {Awaited<ReturnType<typeof setStage>>} */
let stage
/** @type {string} */
let axe

before(async () => {
  if (skip) return
  axe = await readFile(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
  browser = await launch()
  stage = await setStage(browser)
})
after(async () => {
  await stage?.strike()
  await browser?.close()
})

/** What axe finds wrong with a page as it is now. @param {import('playwright-core').Page} page @returns {Promise<string[]>} */
const barriers = page => page.evaluate(async tags => {
  // Half-transparent things on their way in or out are judged as what they become.
  for (const animation of document.getAnimations()) if (animation.effect?.getComputedTiming().endTime !== Infinity) animation.finish()
  const { violations } = await /** @type {any} */ (globalThis).axe.run(document, { runOnly: tags, resultTypes: ['violations'] })
  return violations.map((/** @type {any} */ one) => `${one.id} (${one.help}): ${one.nodes.map((/** @type {any} */ node) => `${node.target} ${node.html.slice(0, 160)} ${node.any.concat(node.all)[0]?.message ?? ''}`).join(' | ')}`)
}, TAGS)

for (const screen of SCREENS) {
  test(`nothing stands in anybody's way: ${nameOf(screen)}`, { skip, timeout: 300_000 }, async () => {
    /** @type {string[]} */
    const found = []
    for (const place of PLACES) {
      const who = await goTo(browser, stage.serverOf(place).url, place, screen)
      await who.page.evaluate(axe)
      for (const { name, isWide, arrange, tidy } of place.states) {
        if (isWide && screen.isMobile) continue
        await arrange?.(who)
        found.push(...(await barriers(who.page)).map(one => `${name}: ${one}`))
        await who.page.keyboard.press('Escape')
        await who.page.keyboard.press('Escape')
        await tidy?.(who)
      }
      await who.close()
    }
    assert.deepEqual(found, [])
  })
}
