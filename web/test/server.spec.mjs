// The page of the server: live numbers, charts for eyes and ears, unloading and sending away, and who may not look.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import { launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'
import { SHOWN, waits } from './support/timers.mjs'

const SECRET = 'a secret that only the tests\' app knows'
/** What the console says of answers that say no, and of a server that is gone. */
const NO = [/Failed to load resource|ERR_CONNECTION|WebSocket/]

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

/** A token as an app makes one. @param {object} claims */
function token(claims) {
  const part = (/** @type {object} */ json) => Buffer.from(JSON.stringify(json)).toString('base64url')
  const said = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ exp: Math.floor(Date.now() / 1000) + 600, ...claims })}`
  return `${said}.${createHmac('sha256', SECRET).update(said).digest('base64url')}`
}

/** @param {string} [name] */
async function writes(name = 'Ada') {
  const one = await person(browser, server.url, name)
  one.expects.push(...NO)
  await one.opens('plan', '?kind=markdown')
  await one.text.click()
  await one.page.keyboard.type('word ')
  await one.isSaved()
  return one
}

async function watches() {
  const one = await person(browser, server.url, 'Operator')
  one.expects.push(...NO)
  await one.page.goto(`${server.url}/server`)
  await one.page.locator('.pulse-live').waitFor()
  return one
}

const row = (/** @type {import('./support/people.mjs').Person} */ one, name = 'plan') => one.page.locator('.documents tbody tr', { hasText: name })

test('an edit is seen in the numbers, in a chart and in its table', { skip }, async () => {
  const ada = await writes()
  const operator = await watches()
  await row(operator).waitFor()
  await operator.page.locator('.tile', { hasText: 'Open documents' }).locator('dd', { hasText: /^[1-9]/ }).waitFor()
  await ada.page.keyboard.type('and more')
  const chart = operator.page.locator('.chart', { hasText: 'Updates per second' })
  const image = chart.getByRole('img')
  await operator.page.waitForFunction(() => /In now .* between 0 and (?!0[ .]*$)[0-9.]*[1-9]/.test(document.querySelector('.chart [role=img]')?.getAttribute('aria-label') ?? ''))
  assert.match(String(await image.getAttribute('aria-label')), /^Updates per second: Out now/)
  await chart.getByRole('button', { name: 'Updates per second as a table' }).click()
  await chart.getByRole('columnheader', { name: 'Time' }).waitFor()
  await operator.close()
  await ada.close()
})

test('all charts point at the same moment, by keys too', { skip }, async () => {
  const operator = await watches()
  await operator.page.waitForFunction(() => document.querySelectorAll('.plot .line').length > 8)
  const plot = operator.page.locator('.plot').first()
  await plot.focus()
  await operator.page.keyboard.press('ArrowRight')
  await operator.page.waitForFunction(() => document.querySelectorAll('.plot .cross').length === document.querySelectorAll('.plot').length)
  await operator.page.keyboard.press('Escape')
  await operator.page.waitForFunction(() => document.querySelectorAll('.plot .cross').length === 0)
  await operator.close()
})

test('what was longer ago is asked for', { skip }, async () => {
  const operator = await watches()
  const asked = operator.page.waitForResponse(/\/api\/v1\/server\/stats\?span=1h/)
  await operator.page.getByRole('button', { name: '1 hour' }).click()
  assert.equal((await asked).status(), 200)
  assert.equal(await operator.page.getByRole('button', { name: '1 hour' }).getAttribute('aria-pressed'), 'true')
  await operator.close()
})

test('a document is unloaded and comes back with all that was written; somebody is sent away', { skip }, async () => {
  const ada = await writes('Ada')
  const operator = await watches()
  await waits(operator.context, SHOWN.message)
  await row(operator).getByRole('button', { name: 'Unload' }).click()
  const dialog = operator.page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Unload' }).click()
  await operator.page.locator('.toast', { hasText: 'was unloaded' }).waitFor()
  await ada.page.keyboard.type('after')
  await ada.isSaved()
  assert.match(await ada.reads(), /word .*after/)

  await row(operator).getByRole('button', { name: 'Who' }).click()
  const ours = dialog.locator('tbody tr', { hasText: 'Ada' })
  await ours.getByRole('button', { name: 'Send away' }).click()
  await operator.page.locator('.toast', { hasText: 'sent away' }).waitFor()
  await ada.page.locator('.status[data-status=denied], .status[data-status=closed], .rescue, .status', { hasText: /access|sent away|denied|open/i }).first().waitFor()
  await operator.close()
  await ada.context.close()
})

test('a page that hears nothing says for how long, and recovers', { skip }, async () => {
  const own = await startServer()
  const operator = await person(browser, own.url, 'Operator')
  operator.expects.push(...NO)
  await operator.page.goto(`${own.url}/server`)
  await operator.page.locator('.pulse-live').waitFor()
  await own.kill()
  await operator.page.getByText(/Last update \d+ seconds? ago/).waitFor()
  await operator.page.locator('main.is-lost').waitFor()
  await own.restart()
  await operator.page.locator('.pulse-live').waitFor()
  await operator.close()
  await own.stop()
})

test('a page that nobody sees listens to nothing', { skip }, async () => {
  const operator = await watches()
  const turns = (/** @type {string} */ state) => operator.page.evaluate(to => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => to })
    document.dispatchEvent(new Event('visibilitychange'))
  }, state)
  const isStream = (/** @type {import('playwright-core').Request} */ request) => request.url().endsWith('/api/v1/server/events')
  const ended = operator.page.waitForEvent('requestfailed', isStream)
  await turns('hidden')
  await ended
  const again = operator.page.waitForRequest(isStream)
  await turns('visible')
  await again
  await operator.page.locator('.pulse-live').waitFor()
  await operator.close()
})

test('who does not run the server is told so', { skip }, async () => {
  const guarded = await startServer(['--auth-secret', SECRET])
  /** @param {string} shown @param {RegExp} title */
  const sees = async (shown, title) => {
    const one = await person(browser, guarded.url, 'Mallory')
    one.expects.push(...NO)
    await one.page.goto(`${guarded.url}/server${shown && `?token=${shown}`}`)
    await one.page.getByRole('heading', { level: 1, name: title }).waitFor()
    await one.close()
  }
  await sees('', /for those who run the server/)
  await sees(token({ documents: { '*': 'owner' } }), /for those who run the server/)
  await sees(token({ admin: true }), /^Server$/)
  await guarded.stop()
})
