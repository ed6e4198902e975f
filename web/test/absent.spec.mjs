// A document that is no longer where it was: renamed on the server, in the bin, or deleted for ever. The page says
// which, and nothing that was written is lost on the way.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'
import { stored } from './support/stored.mjs'
import { SHOWN, waits } from './support/timers.mjs'

/** What the console says about a server that is gone, and of answers that say no. */
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

/** @param {string} name @param {string} document @param {string} text @param {{ url: string }} [where] */
async function writes(name, document, text, where = server) {
  const one = await person(browser, where.url, name)
  one.expects.push(...GONE)
  await one.opens(document, '?kind=markdown')
  await one.text.click()
  await one.page.keyboard.type(text)
  await one.isSaved()
  return one
}

/** @param {string} method @param {string} document @param {object} [body] @param {{ url: string }} [where] */
async function ask(method, document, body, where = server) {
  const answer = await fetch(`${where.url}/api/v1/documents/${document}`, { method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body) })
  assert.ok(answer.ok, `${method} ${document}: ${answer.status}`)
}
/** @param {import('./support/people.mjs').Person} one @param {RegExp} text */
const panelSays = (one, text) => one.page.locator('.rescue', { hasText: text }).waitFor()

test('a page goes along when its document gets another name, and says so', { skip }, async () => {
  const ada = await writes('Ada', 'first-name', 'one ')
  await waits(ada.context, SHOWN.message)
  await ask('PATCH', 'first-name', { name: 'second name' })
  await ada.page.waitForURL('**/d/second%20name')
  await ada.page.locator('.toast', { hasText: 'second name' }).waitFor()
  await ada.isSaved()
  await ada.page.keyboard.type('two')
  await ada.isSaved()
  const linus = await person(browser, server.url, 'Linus')
  await linus.opens('second name')
  await linus.sees('one two')
  await ada.page.reload()
  await ada.sees('one two')
  await linus.close()
  await ada.close()
})

test('edits made offline reach a document that was renamed meanwhile, also after the tab was closed', { skip }, async () => {
  const ada = await writes('Ada', 'away', 'before ')
  await ada.context.setOffline(true)
  await ada.page.locator('.status[data-status=offline]').waitFor()
  await ada.page.keyboard.type('offline')
  await ada.page.locator('.status-long', { hasText: /7 edits to send/ }).waitFor()
  await stored(ada.page, 7)
  await ada.page.close()
  await ask('PATCH', 'away', { name: 'elsewhere' })
  await ada.context.setOffline(false)
  const page = await ada.context.newPage()
  await page.goto(`${server.url}/d/away`)
  await page.waitForURL('**/d/elsewhere')
  await page.locator('.status[data-status=saved]').waitFor()
  const linus = await person(browser, server.url, 'Linus')
  await linus.opens('elsewhere')
  await linus.sees('before offline')
  await page.goto(server.url)
  const shelf = page.locator('section', { has: page.getByRole('heading', { name: 'Recent on this device' }) })
  await shelf.locator('a[href="/d/elsewhere"]').waitFor()
  assert.equal(await page.locator('a[href="/d/away"]').count(), 0)
  await linus.close()
  await ada.close()
})

test('a document that goes into the bin says so where it is open, and comes back from there', { skip }, async () => {
  const ada = await writes('Ada', 'binned', 'kept')
  await ask('DELETE', 'binned')
  await panelSays(ada, /This document is in the bin/)
  await panelSays(ada, /It was deleted on .*20\d\d/)
  assert.equal(await ada.page.locator('.cm-content').getAttribute('contenteditable'), 'false')
  await ada.page.locator('.rescue').getByRole('button', { name: 'Restore' }).click()
  await ada.isSaved()
  assert.equal(await ada.page.locator('.rescue').count(), 0)
  await ada.text.click()
  await ada.page.keyboard.type('!')
  await ada.isSaved()
  await ada.close()
})

test('on a server that keeps its lists to itself a document in the bin still says so and comes back', { skip }, async () => {
  const closed = await startServer(['--list-documents', 'false'])
  const ada = await writes('Ada', 'unlisted', 'kept', closed)
  await ask('DELETE', 'unlisted', undefined, closed)
  const linus = await person(browser, closed.url, 'Linus')
  linus.expects.push(...GONE)
  await linus.page.goto(`${closed.url}/d/unlisted`)
  await panelSays(linus, /This document is in the bin/)
  await linus.page.locator('.rescue').getByRole('button', { name: 'Restore' }).click()
  await linus.sees('kept')
  await ada.close()
  await linus.close()
  await closed.stop()
})

test('edits that a document in the bin does not have can be kept elsewhere, or go along when it is restored', { skip }, async () => {
  const ada = await writes('Ada', 'late', 'before ')
  await ada.context.setOffline(true)
  await ada.page.locator('.status[data-status=offline]').waitFor()
  await ada.page.keyboard.type('late')
  await ask('DELETE', 'late')
  await ada.context.setOffline(false)
  await panelSays(ada, /4 edits were not sent/)
  await ada.page.locator('.rescue').getByRole('button', { name: 'Save as new document' }).waitFor()
  await ada.page.locator('.rescue').getByRole('button', { name: 'Restore' }).click()
  await ada.isSaved()
  const linus = await person(browser, server.url, 'Linus')
  await linus.opens('late')
  await linus.sees('before late')
  await linus.close()
  await ada.close()
})

test('a document that was deleted for ever is begun again, empty', { skip }, async () => {
  const ada = await writes('Ada', 'ended', 'earlier')
  await ask('DELETE', 'ended?forever=1')
  await panelSays(ada, /This document does not exist/)
  await ada.page.locator('.rescue').getByRole('button', { name: 'Create it' }).click()
  await ada.isSaved()
  await ada.text.click()
  await ada.page.keyboard.type('later')
  await ada.isSaved()
  assert.equal(await ada.reads(), 'later')
  await ada.close()
})
