// Lets axe-core look at every page, dialog and menu, in light and dark. The spec files say on which screen.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { launch } from './people.mjs'
import { PLACES, SCREENS, goTo, setStage } from './scenes.mjs'
import { skip } from './server.mjs'

const EVERYTHING = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** What can be wrong in one choice of colours and right in another. */
const COLOURS = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }

/** @type {import('playwright-core').Browser} */
let browser
/** @type {Awaited<ReturnType<typeof setStage>>} */
let stage
/** @type {string} */
let axe

/** What axe finds wrong with a page as it is now. @param {import('playwright-core').Page} page @param {unknown} runOnly @returns {Promise<string[]>} */
const barriers = (page, runOnly) => page.evaluate(async runOnly => {
  // Half-transparent things on their way in or out are judged as what they become.
  for (const animation of document.getAnimations()) if (animation.effect?.getComputedTiming().endTime !== Infinity) animation.finish()
  const { violations } = await /** @type {any} */ (globalThis).axe.run(document, { runOnly, resultTypes: ['violations'] })
  return violations.map((/** @type {any} */ one) => `${one.id} (${one.help}): ${one.nodes.map((/** @type {any} */ node) => `${node.target} ${node.html.slice(0, 160)} ${node.any.concat(node.all)[0]?.message ?? ''}`).join(' | ')}`)
}, runOnly)

/** @param {(screen: typeof SCREENS[number]) => unknown} isMeant */
export function findsNoBarriers(isMeant) {
  before(async () => {
    if (skip) return
    axe = await readFile(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
    browser = await launch()
    stage = await setStage(browser)
  })
  after(async () => {
    await stage?.strike()
    await browser?.close()
  })

  for (const screen of SCREENS.filter(screen => screen.colorScheme === 'light' && isMeant(screen))) {
    test(`nothing stands in anybody's way: ${screen.viewport.width} wide, light and dark`, { skip, timeout: 300_000 }, async () => {
      /** @type {string[]} */
      const found = []
      for (const place of PLACES) {
        const who = await goTo(browser, stage.serverOf(place).url, place, screen)
        await who.page.evaluate(axe)
        for (const { name, isWide, arrange, tidy } of place.states) {
          if (isWide && screen.isMobile) continue
          await arrange?.(who)
          found.push(...(await barriers(who.page, EVERYTHING)).map(one => `${name}: ${one}`))
          await who.page.emulateMedia({ colorScheme: 'dark' })
          found.push(...(await barriers(who.page, COLOURS)).map(one => `${name}, dark: ${one}`))
          await who.page.emulateMedia({ colorScheme: 'light' })
          await who.page.keyboard.press('Escape')
          await who.page.keyboard.press('Escape')
          await tidy?.(who)
        }
        await who.close()
      }
      assert.deepEqual(found, [])
    })
  }
}
