// What a first visit costs: requests and bytes on the wire against the built-in pages, and that nothing is fetched twice.
// Budgets are those of a rich document; the other kinds are reported.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch } from './support/people.mjs'
import { skip as noServer, startServer } from './support/server.mjs'
import { waits } from './support/timers.mjs'

// What a visit costs is decided when pages are joined and compressed; read from a directory they are neither.
const skip = noServer || (process.env.COSCRIBE_WEB_DIR ? 'unset COSCRIBE_WEB_DIR to measure the built-in pages' : false)
/** A connection by requests is tried when a WebSocket is not open within this, in ms. */
const HEAD_START = 2000
const REQUESTS_MOST = 14
const BYTES_MOST = 190_000

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

/**
 * @typedef {object} Fetched
 * @property {string} path
 * @property {number} bytes on the wire, headers included
 * @property {boolean} cached
 */

/** Counts what a page and its service worker fetch. @param {import('playwright-core').Page} page */
async function count(page) {
  /** @type {Map<string, Fetched>} */
  let fetched = new Map()
  /** @type {string[]} */
  const failed = []
  let onIdle = () => {}
  /** @type {Set<string>} */
  const open = new Set()
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    if (!request.url.startsWith('http')) return
    fetched.set(requestId, { path: new URL(request.url).pathname, bytes: 0, cached: false })
    open.add(requestId)
  })
  session.on('Network.requestServedFromCache', ({ requestId }) => mark(requestId, 0, true))
  session.on('Network.responseReceived', ({ requestId, response }) => {
    if (response.status >= 400) failed.push(`${response.status} ${response.url}`)
    if (response.fromDiskCache) mark(requestId, 0, true)
  })
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    mark(requestId, encodedDataLength, false)
    end(requestId)
  })
  session.on('Network.loadingFailed', ({ requestId, errorText }) => {
    failed.push(`${errorText} ${fetched.get(requestId)?.path}`)
    end(requestId)
  })
  /** @param {string} id */
  const end = id => {
    open.delete(id)
    if (open.size === 0) onIdle()
  }
  /** @param {string} id @param {number} bytes @param {boolean} cached */
  const mark = (id, bytes, cached) => {
    const entry = fetched.get(id)
    if (entry) Object.assign(entry, { bytes: entry.cached ? 0 : bytes, cached: entry.cached || cached })
  }
  return {
    failed,
    /** What was asked of the server since the last call, once all of it has come. */
    async take() {
      if (open.size > 0) await new Promise(resolve => (onIdle = () => resolve(undefined)))
      const list = [...fetched.values()].filter(entry => !entry.cached)
      fetched = new Map()
      return list
    },
  }
}

/** @param {Fetched[]} list */
const bytesOf = list => list.reduce((sum, { bytes }) => sum + bytes, 0)

/** @param {string} title @param {Fetched[]} list */
function report(title, list) {
  const rows = [...list].sort((a, b) => b.bytes - a.bytes).map(({ path, bytes }) => `  ${String(bytes).padStart(7)}  ${path}`)
  console.log([`${title}: ${list.length} requests, ${bytesOf(list)} bytes`, ...rows].join('\n'))
}

/** Opens a page, waits until it can be used and all it asked for has come. @param {string} path @param {string} ready */
async function visit(path, ready) {
  // A service worker fetches everything once more, later and for other days.
  const context = await browser.newContext({ locale: 'en-GB', serviceWorkers: 'block' })
  await waits(context, HEAD_START)
  const page = await context.newPage()
  /** @type {string[]} */
  const errors = []
  page.on('pageerror', error => errors.push(String(error)))
  page.on('console', message => message.type() === 'error' && errors.push(message.text()))
  const counter = await count(page)
  await page.goto(server.url + path, { waitUntil: 'networkidle' })
  await page.locator(ready).first().waitFor()
  await page.waitForLoadState('networkidle')
  return { context, page, counter, errors }
}

test('a rich document loads within its budget, and from the cache the second time', { skip }, async () => {
  const { context, page, counter, errors } = await visit('/d/load-rich?kind=rich', '.ProseMirror')
  // Browsers fetch these by themselves, where no page's tools see it.
  await page.evaluate(() => Promise.all(['/sw.js', '/manifest.webmanifest'].map(path => fetch(path).then(answer => answer.text()))))
  const first = await counter.take()
  report('rich', first)
  assert.ok(first.length <= REQUESTS_MOST, `${first.length} requests`)
  assert.ok(bytesOf(first) <= BYTES_MOST, `${bytesOf(first)} bytes`)

  await page.reload({ waitUntil: 'networkidle' })
  await page.locator('.ProseMirror').waitFor()
  const again = await counter.take()
  report('rich again', again)
  assert.deepEqual(again.filter(({ path }) => /^\/(joined|vendor)\//.test(path)), [])
  assert.deepEqual([counter.failed, errors], [[], []])
  await context.close()
})

for (const [kind, path, ready] of [['markdown', '/d/load-markdown?kind=markdown', '.cm-content'], ['code', '/d/load-code?kind=code', '.cm-content'], ['home', '/', 'main']]) {
  test(`${kind} loads without a failure`, { skip }, async () => {
    const { context, counter, errors } = await visit(path, ready)
    report(kind, await counter.take())
    assert.deepEqual([counter.failed, errors], [[], []])
    await context.close()
  })
}
