// What pages look like while and after they load: nothing moves once it is there, and nothing is wider than the screen.
// scripts/screenshots.mjs takes pictures of the same states for people to judge.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch } from './support/people.mjs'
import { PLACES, SCREENS, goTo, isSettled, nameOf, setStage } from './support/scenes.mjs'
import { skip } from './support/server.mjs'

/** @type {import('playwright-core').Browser} */
let browser
/** @type {Awaited<ReturnType<typeof setStage>>} */
let stage
before(async () => {
  if (skip) return
  browser = await launch()
  stage = await setStage(browser)
})
after(async () => {
  await stage?.strike()
  await browser?.close()
})

/** Runs in the page before anything else: keeps every shift of its layout. */
function watchShifts() {
  const shifts = /** @type {string[]} */ ([])
  Object.assign(globalThis, { shifts })
  new PerformanceObserver(list => {
    for (const entry of /** @type {any[]} */ (list.getEntries())) shifts.push(`${entry.value.toFixed(4)} ${entry.sources.map((/** @type {any} */ source) => source.node?.className || source.node?.nodeName).join(', ')}`)
  }).observe({ type: 'layout-shift', buffered: true })
}

/** Runs in the page: what is wider than the screen and does not scroll by itself. The window of a phone grows with it. @param {number} width */
const tooWide = width => document.documentElement.scrollWidth > width

for (const screen of SCREENS.filter(({ colorScheme }) => colorScheme === 'light')) {
  test(`nothing moves while a page loads, and all of it fits: ${nameOf(screen)}`, { skip, timeout: 300_000 }, async () => {
    /** @type {string[]} */
    const found = []
    for (const place of PLACES.filter(({ path }, index) => PLACES.findIndex(other => other.path === path) === index || path === '/')) {
      const who = await goTo(browser, stage.serverOf(place).url, place, screen)
      await who.page.addInitScript(watchShifts)
      // Once as somebody new, with nothing in the cache of this page, and once as who has been here.
      for (const visit of ['first', 'second']) {
        if (visit === 'first') await (await who.context.newCDPSession(who.page)).send('Network.clearBrowserCache')
        await who.page.reload()
        await who.page.locator(place.ready).first().waitFor()
        if (place.path.startsWith('/d/')) await isSettled(who)
        // The page of the server goes on listening, and draws itself anew each second: its width is looked at.
        const isLive = place.path === '/server'
        if (!isLive) await who.page.waitForLoadState('networkidle')
        const shifts = isLive ? [] : await who.page.evaluate(() => /** @type {any} */ (globalThis).shifts)
        found.push(...shifts.map((/** @type {string} */ shift) => `${place.path}, ${visit} visit: ${shift}`))
        if (await who.page.evaluate(tooWide, screen.viewport.width)) found.push(`${place.path} is wider than the screen`)
      }
      await who.close()
    }
    assert.deepEqual(found, [])
  })
}
