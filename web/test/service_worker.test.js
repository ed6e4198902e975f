// Which answer a page gets from the service worker: the server's, or the page that was kept. The worker runs in a
// context of its own with a server and caches under the test's control.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createContext, runInContext } from 'node:vm'

const source = readFileSync(new URL('../sw.js', import.meta.url), 'utf8').replaceAll('__RELEASE__', '1').replaceAll('__PRECACHE__', '["/part-abc.js"]')

/** A worker that has installed, and a way to ask it. @param {(path: string) => Promise<Response>} answer the server's @param {string} [base] where the app is */
function worker(answer, base = '') {
  /** @type {Record<string, (event: any) => void>} */
  const listeners = {}
  const kept = new Map([[`${base}/d/_`, 'kept page'], [`${base}/`, 'kept home'], [`${base}/part-abc.js`, 'kept part']])
  const cache = { match: async (/** @type {string} */ path) => (kept.has(path) ? new Response(kept.get(path)) : undefined) }
  const self = {
    addEventListener: (/** @type {string} */ kind, /** @type {(event: any) => void} */ listener) => (listeners[kind] = listener),
    location: { origin: 'https://host', pathname: `${base}/sw.js` },
  }
  /** Time passes when nobody answers. @param {() => void} run */
  const setTimeout = run => void setImmediate(run)
  const fetch = (/** @type {{ url: string }} */ { url }) => answer(new URL(url).pathname)
  runInContext(source, createContext({ self, caches: { open: async () => cache }, fetch, setTimeout, URL, Promise, Request }))
  return async (/** @type {string} */ path, mode = 'navigate') => {
    /** @type {Promise<Response> | undefined} */
    let given
    const request = { url: `https://host${path}`, method: 'GET', mode }
    listeners.fetch({ request, respondWith: (/** @type {Promise<Response>} */ response) => (given = response), waitUntil: () => {} })
    return given && (await given).text()
  }
}

const says = (/** @type {string} */ text, status = 200) => async () => new Response(text, { status })

test('a page comes from the server, also when that says no', async () => {
  assert.equal(await worker(says('fresh'))('/d/notes'), 'fresh')
  assert.equal(await worker(says('not found', 404))('/d/notes'), 'not found')
})

test('a page comes from the device when the server is away, or only its proxy answers', async () => {
  assert.equal(await worker(() => Promise.reject(new TypeError('no network')))('/d/notes'), 'kept page')
  assert.equal(await worker(says('bad gateway', 502))('/d/notes'), 'kept page')
  assert.equal(await worker(says('unavailable', 503))('/'), 'kept home')
})

test('a page that does not come soon comes from the device', async () => {
  assert.equal(await worker(() => new Promise(() => {}))('/d/notes'), 'kept page')
})

test('an error is told where nothing is kept, and other addresses are none of its business', async () => {
  assert.equal(await worker(says('bad gateway', 502))('/bin'), 'bad gateway')
  assert.equal(await worker(says('x'))('/d/notes/export', 'cors'), undefined)
  assert.equal(await worker(says('x'))('/somewhere'), undefined)
})

test('a part of this release never comes from the server again', async () => {
  assert.equal(await worker(says('of a later release'))('/part-abc.js', 'cors'), 'kept part')
})

test('below a prefix it keeps what is of its app and leaves the rest of the site alone', async () => {
  const ask = worker(() => Promise.reject(new TypeError('away')), '/docs')
  assert.equal(await ask('/docs/d/notes'), 'kept page')
  assert.equal(await ask('/docs/'), 'kept home')
  assert.equal(await ask('/docs/part-abc.js', 'cors'), 'kept part')
  for (const path of ['/', '/d/notes', '/docsx/d/notes', '/part-abc.js']) assert.equal(await ask(path), undefined, path)
})
