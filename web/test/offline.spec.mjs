// Without the server: edits are kept on the device, merged when it is back, and never mixed into another document.
// Each state that the page shows on the way is the truth about where the edits are.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'
import { stored } from './support/stored.mjs'

/** What the console says about a server that is gone. */
const GONE = [/ERR_CONNECTION|ERR_INTERNET_DISCONNECTED|WebSocket|Failed to load resource/]

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

/** @param {string} name @param {string} document @param {string} [kind] */
async function someone(name, document, kind = 'markdown') {
  const one = await person(browser, server.url, name)
  one.expects.push(...GONE)
  await one.opens(document, `?kind=${kind}`)
  await one.text.click()
  return one
}
/** @param {import('./support/people.mjs').Person | { page: import('playwright-core').Page }} one @param {string} status */
const shows = (one, status) => one.page.locator(`.status[data-status=${status}]`).waitFor()
/** @param {{ page: import('playwright-core').Page }} one @param {RegExp} text */
const says = (one, text) => one.page.locator('.status-long', { hasText: text }).waitFor()

/** Another tab of the same person. @param {import('./support/people.mjs').Person} one @param {string} document */
async function anotherTab(one, document) {
  const page = await one.context.newPage()
  await page.goto(`${server.url}/d/${encodeURIComponent(document)}`)
  await page.locator('.cm-content, .ProseMirror').waitFor()
  return { page, sees: (/** @type {string} */ part) => page.waitForFunction(holds, part) }
}

/** Runs in the page. @param {string} part */
function holds(part) {
  const text = /** @type {HTMLElement | undefined} */ (document.querySelector('.cm-content, .ProseMirror')?.cloneNode(true))
  text?.querySelectorAll('.remote-caret').forEach(caret => caret.remove())
  return text?.textContent?.includes(part)
}

for (const kind of ['rich', 'markdown']) {
  test(`${kind}: edits made offline survive a closed tab and are merged with those of others`, { skip }, async () => {
    const where = `closed-${kind}`
    const ada = await someone('Ada', where, kind)
    await ada.page.keyboard.type('before ')
    await ada.isSaved()
    const linus = await someone('Linus', where, kind)
    await linus.sees('before')

    await ada.context.setOffline(true)
    await shows(ada, 'offline')
    await ada.page.keyboard.press('Control+End')
    await ada.page.keyboard.type('offline')
    await says(ada, /kept on this device \(7 edits to send\)/)
    await stored(ada.page, 7)
    await linus.page.keyboard.press('Control+Home')
    await linus.page.keyboard.type('meanwhile ')
    await linus.isSaved()

    await ada.page.close()
    await ada.context.setOffline(false)
    const home = await ada.context.newPage()
    await home.goto(server.url)
    await home.getByText('Not yet sent').first().waitFor()
    const again = await anotherTab(ada, where)
    await shows(again, 'saved')
    await again.sees('meanwhile before offline')
    await linus.sees('meanwhile before offline')
    await home.reload()
    await home.getByText('Not yet sent').waitFor({ state: 'detached' })
    await ada.close()
    await linus.close()
  })
}

test('a server that is killed while somebody types is told from one that saves, and gets everything', { skip }, async () => {
  const own = await startServer()
  const ada = await person(browser, own.url, 'Ada')
  ada.expects.push(...GONE)
  try {
    await ada.opens('killed', '?kind=markdown')
    await ada.page.evaluate(() => {
      const seen = /** @type {string[]} */ ((/** @type {any} */ (window).seen = []))
      new MutationObserver(() => {
        const status = document.querySelector('.status')?.getAttribute('data-status')
        if (status && seen.at(-1) !== status) seen.push(status)
      }).observe(document.body, { subtree: true, attributes: true, childList: true })
    })
    const words = Array.from({ length: 40 }, (_, index) => `word${index}`)
    await ada.text.click()
    for (const word of words.slice(0, 10)) await ada.page.keyboard.type(`${word} `)
    await ada.isSaved()
    for (const word of words.slice(10, 20)) await ada.page.keyboard.type(`${word} `)
    await own.kill()
    for (const word of words.slice(20)) await ada.page.keyboard.type(`${word} `)
    await shows(ada, 'offline')
    await own.restart()
    await shows(ada, 'saved')
    const seen = await ada.page.evaluate(() => /** @type {string[]} */ (/** @type {any} */ (window).seen))
    assert.match(seen.join(' '), /saving saved .*offline .*saved$/)
    const linus = await person(browser, own.url, 'Linus')
    await linus.opens('killed')
    await linus.sees(words.join(' '))
    await linus.close()
  } finally {
    await ada.close()
    await own.stop()
  }
})

test('a server that lost its store mixes nothing, and everything can be kept as a new document', { skip }, async () => {
  const own = await startServer()
  const ada = await person(browser, own.url, 'Ada')
  ada.expects.push(...GONE)
  try {
    await ada.opens('emptied', '?kind=markdown')
    await ada.text.click()
    await ada.page.keyboard.type('all of this was saved')
    await ada.isSaved()
    await own.kill()
    await shows(ada, 'offline')
    await ada.page.keyboard.type(' and this was not')
    await rm(join(own.data, 'store'), { recursive: true })
    await own.restart()
    await shows(ada, 'replaced')
    await ada.sees('all of this was saved and this was not')
    await ada.page.getByRole('button', { name: 'Keep my copy as a new document' }).click()
    await ada.page.waitForURL(address => !address.pathname.endsWith('/emptied'))
    await ada.sees('all of this was saved and this was not')
    await ada.isSaved()
  } finally {
    await ada.close()
    await own.stop()
  }
})

test('a document that was deleted and made again is neither doubled nor destroyed by an old tab', { skip }, async () => {
  const ada = await someone('Ada', 'again')
  await ada.page.keyboard.type('the first life')
  await ada.isSaved()
  await ada.context.setOffline(true)
  await shows(ada, 'offline')
  await ada.page.keyboard.type(', continued offline')

  const removed = await fetch(`${server.url}/api/v1/documents/again?forever=1`, { method: 'DELETE', headers: { 'Content-Type': 'application/json' }, body: '{}' })
  assert.equal(removed.status, 204)
  const linus = await someone('Linus', 'again')
  await linus.page.keyboard.type('the second life')
  await linus.isSaved()

  await ada.context.setOffline(false)
  await shows(ada, 'replaced')
  await ada.sees('the first life, continued offline')
  assert.equal((await linus.reads()).trim(), 'the second life')
  // An old copy is no danger after a reload either.
  await ada.page.reload()
  await shows(ada, 'replaced')
  await ada.page.getByRole('button', { name: 'Discard mine' }).click()
  await ada.page.getByRole('button', { name: 'Discard for ever' }).click()
  await ada.sees('the second life')
  await ada.isSaved()
  assert.equal((await ada.reads()).trim(), 'the second life')
  await ada.close()
  await linus.close()
})

test('two offline tabs of one person meet, with their carets', { skip }, async () => {
  const ada = await someone('Ada', 'tabs')
  await ada.page.keyboard.type('start ')
  await ada.isSaved()
  const other = await anotherTab(ada, 'tabs')
  await other.sees('start')
  await ada.context.setOffline(true)
  for (const tab of [ada, other]) await shows(tab, 'offline')
  await ada.page.bringToFront()
  await ada.text.click()
  await ada.page.keyboard.press('Control+End')
  await ada.page.keyboard.type('one ')
  await other.sees('start one ')
  await other.page.bringToFront()
  await other.page.locator('.cm-content').click()
  await other.page.keyboard.press('Control+End')
  await other.page.keyboard.type('two')
  await ada.sees('start one two')
  for (const tab of [ada, other]) await says(tab, /7 edits to send/)
  await ada.context.setOffline(false)
  for (const tab of [ada, other]) await shows(tab, 'saved')
  const linus = await someone('Linus', 'tabs')
  await linus.sees('start one two')
  assert.equal((await linus.reads()).trim(), 'start one two')
  await linus.close()
  await ada.close()
})

test('where nothing can be stored, the page says that edits are only in this tab', { skip }, async () => {
  const ada = await person(browser, server.url, 'Ada')
  ada.expects.push(...GONE)
  await ada.context.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('refused', 'SecurityError')
    }
  })
  await ada.opens('refused', '?kind=markdown')
  await ada.text.click()
  await ada.page.keyboard.type('a')
  await ada.isSaved()
  await ada.context.setOffline(true)
  await shows(ada, 'tab-only')
  await ada.page.keyboard.type('b')
  await says(ada, /Offline – edits are only in this tab \(1 edit to send\)/)
  const asked = new Promise(resolve => ada.page.once('dialog', dialog => dialog.dismiss().then(() => resolve(dialog.type()))))
  await ada.page.close({ runBeforeUnload: true })
  assert.equal(await asked, 'beforeunload')
  await ada.context.setOffline(false)
  await ada.isSaved()
  await ada.close()
})

test('a new document can be begun offline, and is made when the server is back', { skip }, async () => {
  const ada = await someone('Ada', 'warm-up')
  await ada.page.goto(`${server.url}/`)
  await ada.page.evaluate(() => navigator.serviceWorker.ready)
  await ada.context.setOffline(true)
  await ada.opens('begun', '?kind=markdown')
  await shows(ada, 'offline')
  await ada.text.click()
  await ada.page.keyboard.type('begun offline')
  await says(ada, /13 edits to send|14 edits to send/)
  await ada.context.setOffline(false)
  await ada.isSaved()
  const linus = await someone('Linus', 'begun')
  await linus.sees('begun offline')
  await ada.close()
  await linus.close()
})

test('the page reloads and opens again while offline', { skip }, async () => {
  const ada = await someone('Ada', 'reloaded', 'rich')
  await ada.page.keyboard.type('online. ')
  await ada.isSaved()
  await ada.page.evaluate(() => navigator.serviceWorker.ready)
  await ada.context.setOffline(true)
  await ada.page.reload()
  await ada.sees('online.')
  await shows(ada, 'offline')
  await ada.text.click()
  await ada.page.keyboard.press('Control+End')
  await ada.page.keyboard.type('offline.')
  await ada.sees('online. offline.')
  await says(ada, /8 edits to send/)
  await stored(ada.page, 8)
  await ada.page.close()
  const again = await anotherTab(ada, 'reloaded')
  await again.sees('online. offline.')
  await says(again, /8 edits to send/)
  await ada.context.setOffline(false)
  await shows(again, 'saved')
  const linus = await someone('Linus', 'reloaded', 'rich')
  await linus.sees('online. offline.')
  await ada.close()
  await linus.close()
})

