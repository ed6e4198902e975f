// An axum app with a login of its own that has mounted the server below /docs (examples/embed_axum.rs), as its people
// see it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { blockSockets, requestsOf } from './support/blocked.mjs'
import { launch, person } from './support/people.mjs'

const TARGET = process.env.CARGO_TARGET_DIR ?? resolve(import.meta.dirname, '../../target')
const APP = process.env.COSCRIBE_EMBED_AXUM ?? join(TARGET, 'release/examples/embed_axum')
const skip = existsSync(APP) ? false : `${APP} is not built`

/** @type {import('playwright-core').Browser} */
let browser
/** @type {import('node:child_process').ChildProcess} */
let app
let url = ''
before(async () => {
  if (skip) return
  browser = await launch()
  app = spawn(APP, ['127.0.0.1:0'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: /** @type {import('node:stream').Readable} */ (app.stdout) })
  for await (const line of lines) {
    url = line.replace(/\/;.*/, '')
    break
  }
})
after(async () => {
  await browser?.close()
  app?.stdin?.end()
})

/** @param {string} name */
async function signedIn(name) {
  const one = await person(browser, `${url}/docs`, name)
  await one.page.goto(`${url}/login`)
  await one.page.locator('input').fill(name)
  await one.page.getByRole('button').click()
  await one.page.getByRole('link', { name: 'Handbook' }).waitFor()
  return one
}

test('people of the app write together below its prefix, and nothing is asked for outside of it', { skip }, async () => {
  const ada = await signedIn('Ada')
  /** @type {string[]} */
  const outside = []
  ada.page.on('request', request => {
    const { pathname } = new URL(request.url())
    if (request.url().startsWith(url) && pathname !== '/' && !pathname.startsWith('/docs/')) outside.push(pathname)
  })
  await ada.page.getByRole('link', { name: 'Handbook' }).click()
  await ada.text.click()
  await ada.page.keyboard.type('Water the plants.')
  await ada.isSaved()

  const cleo = await signedIn('Cleo')
  await cleo.opens('plan', '?kind=markdown')
  await cleo.text.click()
  await cleo.page.keyboard.type('Buy milk')
  await cleo.isSaved()
  await ada.opens('plan')
  await ada.sees('Buy milk')

  await ada.page.goto(`${url}/docs/h/plan`)
  await ada.page.getByText('Buy milk').first().waitFor()
  const scope = await ada.page.evaluate(async () => (await navigator.serviceWorker.ready).scope)
  assert.equal(new URL(scope).pathname, '/docs/')
  await ada.page.goto(`${url}/docs/`)
  await ada.page.locator('a.wordmark').waitFor()
  assert.equal(await ada.page.locator('a.wordmark').getAttribute('href'), '/docs/')
  assert.deepEqual(outside, [])
  await cleo.close()
  await ada.close()
})

test('people below the prefix write together where no WebSocket gets through', { skip }, async () => {
  const [ada, cleo] = [await signedIn('Ada'), await signedIn('Cleo')]
  const asked = []
  for (const one of [ada, cleo]) {
    await blockSockets(one)
    asked.push(requestsOf(one))
    await one.opens('blocked', '?kind=markdown')
    await one.text.click()
  }
  await ada.page.keyboard.type('Ada was here. ')
  await cleo.sees('Ada was here. ')
  await cleo.page.keyboard.press('Control+End')
  await cleo.page.keyboard.type('So was Cleo.')
  await ada.sees('Ada was here. So was Cleo.')
  for (const one of [ada, cleo]) await one.isSaved()
  for (const requests of asked) {
    assert.ok(requests().length > 0)
    assert.ok(requests().every(({ pathname }) => pathname.startsWith('/docs/sse/')), String(requests()))
  }
  await cleo.close()
  await ada.close()
})

test('who may only read the handbook reads it', { skip }, async () => {
  const ben = await signedIn('Ben')
  await ben.opens('handbook')
  await ben.sees('Water the plants.')
  await ben.text.click()
  await ben.page.keyboard.type('Or not. ')
  const cleo = await signedIn('Cleo')
  await cleo.opens('handbook')
  await cleo.sees('Water the plants.')
  assert.equal(await cleo.reads(), 'Water the plants.')
  await cleo.close()
  await ben.close()
})
