// What is chosen in one tab holds in the others of the device: the person's name, the theme, the language. And a new
// person gets a name in the language of the page.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'

/** @type {import('playwright-core').Browser} */
let browser
/** @type {import('./support/server.mjs').Server} */
let server
before(async () => {
  if (skip) return
  browser = await launch()
  server = await startServer()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

test('name, theme and language follow what another tab chooses', { skip }, async () => {
  const ada = await person(browser, server.url, 'Ada')
  await ada.opens('tabs', '?kind=markdown')
  const home = await ada.context.newPage()
  await home.goto(server.url)
  await home.locator('main').waitFor()
  const linus = await person(browser, server.url, 'Linus')
  await linus.opens('tabs')
  await linus.page.locator('.people [aria-label*="Ada"]').waitFor()
  // As the menus of another tab store it.
  await home.evaluate(() => {
    localStorage.setItem('coscribe.me', JSON.stringify({ id: 'Ada', name: 'Countess' }))
    localStorage.setItem('coscribe.settings', JSON.stringify({ theme: 'dark' }))
    localStorage.setItem('coscribe.language', 'de')
  })
  await ada.page.locator('html[lang=de][data-theme=dark]').waitFor({ state: 'attached' })
  await ada.page.getByRole('link', { name: 'Alle Dokumente' }).waitFor()
  await linus.page.locator('.people [aria-label*="Countess"]').waitFor()
  await ada.page.evaluate(() => localStorage.setItem('coscribe.language', 'en'))
  await home.locator('html[lang=en]').waitFor({ state: 'attached' })
  await linus.close()
  await ada.close()
})

for (const { locale, looks } of [{ locale: 'de-DE', looks: /^[A-Z]\p{Ll}+$/u }, { locale: 'en-GB', looks: /^[A-Z][a-z]+ [A-Z][a-z]+$/ }]) {
  test(`a new person is named in the language of the page: ${locale}`, { skip }, async () => {
    const context = await browser.newContext({ locale })
    const page = await context.newPage()
    await page.goto(`${server.url}/d/named?kind=markdown`)
    await page.locator('.cm-content').waitFor()
    const name = await page.evaluate(() => JSON.parse(localStorage.getItem('coscribe.me') ?? '{}').name)
    assert.match(name, looks)
    await context.close()
  })
}
