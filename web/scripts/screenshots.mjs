// Pictures of the app for people to look at: `COSCRIBE_BIN=… node scripts/screenshots.mjs FOLDER [PART]` writes the
// states of test/support/scenes.mjs that are worth it, wide and narrow, light and dark; with PART those whose name
// holds it. Names, texts and the clock are fixed.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { launch } from '../test/support/people.mjs'
import { PLACES, SCREENS, goTo, nameOf, setStage } from '../test/support/scenes.mjs'

const [folder, part = ''] = process.argv.slice(2)
if (!folder) throw new Error('say where to: node scripts/screenshots.mjs FOLDER')
await mkdir(folder, { recursive: true })
const browser = await launch()
const stage = await setStage(browser)
try {
  for (const screen of SCREENS) {
    for (const place of PLACES) {
      for (const state of place.states) {
        const file = `${state.name}-${nameOf(screen)}`
        if (!state.isPicture || (state.isWide && screen.isMobile) || !file.includes(part)) continue
        const who = await goTo(browser, stage.serverOf(place).url, place, { ...screen, reducedMotion: 'reduce' })
        await state.arrange?.(who)
        await who.page.evaluate(() => document.fonts.ready)
        await who.page.screenshot({ path: join(folder, `${file}.png`), animations: 'disabled', caret: 'hide' })
        await state.tidy?.(who)
        await who.close()
      }
    }
  }
} finally {
  await stage.strike()
  await browser.close()
}
