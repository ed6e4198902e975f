// People with rights of different kinds in a real browser: who may only look, whose rights end while they type, and
// a page of another origin that has somebody's cookie.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import WebSocket from 'ws'
import { Y } from '../vendor/core.js'
import { change, decode, stepOne, stepTwo } from '../src/sync/frames.js'
import { launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'
import { SHOWN, waits } from './support/timers.mjs'
import { SECRET, token } from './support/tokens.mjs'

/** @type {import('playwright-core').Browser} */
let browser
/** @type {import('./support/server.mjs').Server} */
let server

before(async () => {
  if (skip) return
  browser = await launch()
  server = await startServer(['--auth-secret', SECRET, '--auth-cookie', 'session'])
})

after(async () => {
  await browser?.close()
  await server?.stop()
})

/** @param {string} path @param {string} shown @param {RequestInit} [request] */
async function api(path, shown, request) {
  const answer = await fetch(`${server.url}/api/v1${path}`, { ...request, headers: { Authorization: `Bearer ${shown}`, 'Content-Type': 'application/json' } })
  assert.ok(answer.ok, `${path}: ${answer.status}`)
  return answer.status === 204 ? null : answer.json()
}

test('who may only look sees edits as they come, cannot make any, and the address keeps no token of a person', { skip }, async () => {
  const mia = await person(browser, server.url, 'Mia')
  const ben = await person(browser, server.url, 'Ben')
  await mia.opens('plan', `?kind=markdown&token=${token({ plan: 'owner' }, 'Mia')}`)
  assert.equal(new URL(mia.page.url()).searchParams.get('token'), null)
  await mia.text.click()
  await mia.page.keyboard.type('Hello Ben')
  await mia.isSaved()
  await ben.opens('plan', `?token=${token({ plan: 'view' }, 'Ben')}`)
  await ben.sees('Hello Ben')
  await ben.page.locator('.status[data-status=read-only]').waitFor()
  await ben.text.click()
  await ben.page.keyboard.type('nothing')
  await mia.page.keyboard.type('!')
  await ben.sees('Hello Ben!')
  assert.doesNotMatch(await mia.reads(), /nothing/)
  // It is there again after a reload of the tab.
  await ben.page.reload()
  await ben.sees('Hello Ben!')
  await mia.close()
  await ben.close()
})

test('an owner makes a link that leads a stranger in, and ends it while the stranger types: the page says so and offers to keep what was not sent', { skip }, async () => {
  const owner = token({ letter: 'owner' }, 'Mia')
  const mia = await person(browser, server.url, 'Mia', { permissions: ['clipboard-read', 'clipboard-write'] })
  await waits(mia.context, SHOWN.copied)
  await mia.opens('letter', `?kind=markdown&token=${owner}`)
  await mia.text.click()
  await mia.page.keyboard.type('Dear all')
  await mia.isSaved()
  await mia.page.getByRole('button', { name: 'Menu' }).click()
  await mia.page.getByRole('menuitem', { name: 'Share…' }).click()
  const dialog = mia.page.getByRole('dialog', { name: 'Share this document' })
  await dialog.getByLabel('What the link allows').selectOption('edit')
  await dialog.getByRole('button', { name: 'New link' }).click()
  const link = await dialog.getByLabel('Address of the new link').inputValue()
  await dialog.getByRole('button', { name: 'Copy' }).last().click()
  await dialog.getByText('Link copied.').waitFor()
  assert.equal(await mia.page.evaluate(() => navigator.clipboard.readText()), link)

  const stranger = await person(browser, server.url, 'Stranger')
  await stranger.page.goto(link)
  await stranger.page.locator('.cm-content').waitFor()
  await stranger.sees('Dear all')
  await stranger.text.click()
  await stranger.page.keyboard.press('End')
  await stranger.page.keyboard.type(' and me')
  await stranger.isSaved()
  await mia.sees('and me')

  const typing = stranger.page.keyboard.type(' still typing and typing and typing and typing', { delay: 20 })
  const started = Date.now()
  await dialog.getByRole('button', { name: 'End the link: Can edit' }).click()
  await stranger.page.locator('.status[data-status=denied]').waitFor()
  const took = Date.now() - started
  console.log(`the page said so after ${took} ms`)
  await typing
  assert.equal(await stranger.page.locator('.cm-content').getAttribute('contenteditable'), 'false')
  await dialog.getByRole('listitem').waitFor({ state: 'detached' })
  await stranger.close()
  await mia.close()
})

test('a role that is lowered while somebody is offline: their edits are not sent, and can be kept', { skip }, async () => {
  const owner = token({ notes: 'owner' }, 'Mia')
  await api('/documents', owner, { method: 'POST', body: JSON.stringify({ name: 'notes', kind: 'markdown' }) })
  const edit = await api('/documents/notes/shares', owner, { method: 'POST', body: JSON.stringify({ access: 'edit' }) })
  const view = await api('/documents/notes/shares', owner, { method: 'POST', body: JSON.stringify({ access: 'view' }) })
  const ben = await person(browser, server.url, 'Ben')
  ben.expects.push(/Failed to load resource|WebSocket|ERR_INTERNET_DISCONNECTED/)
  // Both at once, so that he may look when he may edit no more.
  await ben.opens('notes', `?token=${view.token}#share=${edit.token}`)
  await ben.text.click()
  await ben.page.keyboard.type('online')
  await ben.isSaved()
  await ben.context.setOffline(true)
  await ben.page.keyboard.type(' and offline')
  await api(`/documents/notes/shares/${edit.id}`, owner, { method: 'DELETE' })
  await ben.context.setOffline(false)
  await ben.page.locator('.status[data-status=read-only]').waitFor()
  const rescue = ben.page.locator('.rescue')
  await rescue.getByText('not sent').waitFor()
  await rescue.getByRole('button', { name: 'Download' }).waitFor()
  const text = await fetch(`${server.url}/api/v1/documents/notes/export.txt`, { headers: { Authorization: `Bearer ${owner}` } }).then(answer => answer.text())
  assert.doesNotMatch(text, /offline/)
  await ben.close()
})

test('a role that is lowered while somebody types: the page says so, keeps what was not sent, and frames made by hand change nothing', { skip }, async () => {
  const owner = token({ draft: 'owner' }, 'Mia')
  const share = (/** @type {string} */ access) => api('/documents/draft/shares', owner, { method: 'POST', body: JSON.stringify({ access }) })
  await api('/documents', owner, { method: 'POST', body: JSON.stringify({ name: 'draft', kind: 'markdown' }) })
  const [edit, view] = [await share('edit'), await share('view')]
  const content = () => fetch(`${server.url}/api/v1/documents/draft/content.txt`, { headers: { Authorization: `Bearer ${owner}` } }).then(answer => answer.text())
  const ben = await person(browser, server.url, 'Ben')
  await ben.opens('draft', `?token=${view.token}#share=${edit.token}`)
  await ben.text.click()
  await ben.page.keyboard.type('Typed before. ')
  await ben.isSaved()
  await ben.page.evaluate(watchStatus)
  const typing = ben.page.keyboard.type('and-then-'.repeat(40), { delay: 10 })
  await ben.page.waitForFunction(() => document.querySelector('.cm-content')?.textContent?.includes('and-then-and'))
  const lowered = await ben.page.evaluate(() => Date.now())
  await api(`/documents/draft/shares/${edit.id}`, owner, { method: 'DELETE' })
  await ben.page.locator('.status[data-status=read-only]').waitFor()
  console.log(`the page said so after ${(await ben.page.evaluate(() => /** @type {any} */ (globalThis).saidAt)) - lowered} ms`)
  await typing
  assert.equal(await ben.page.locator('.cm-content').getAttribute('contenteditable'), 'false')
  // Whatever he sees is on the server, or he is offered to keep it. No blanks were typed: those at an end are not compared.
  const [seen, kept] = [(await ben.reads()).trim(), (await content()).trim()]
  assert.ok(seen.startsWith(kept), `${kept} is no beginning of ${seen}`)
  // The offer is fetched when it is needed, and goes again when the server's word for the last edits comes after all.
  await ben.page.waitForFunction(offers => document.querySelectorAll('.rescue').length === offers, seen === kept ? 0 : 1)

  // The same two tokens, without the page: an edit made by hand, and one as an answer to the handshake.
  const doc = new Y.Doc()
  doc.getText('text').insert(0, 'forged')
  const update = Y.encodeStateAsUpdate(doc)
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws/draft?token=${edit.token}&token=${view.token}`)
  socket.binaryType = 'arraybuffer'
  await new Promise(resolve => (socket.onopen = resolve))
  const answered = new Promise(resolve => {
    socket.onmessage = ({ data }) => decode(new Uint8Array(/** @type {ArrayBuffer} */ (data))).type === 'step-2' && resolve(undefined)
    socket.onclose = resolve
  })
  for (const frame of [change(update), stepTwo(update), stepOne(Y.encodeStateVector(new Y.Doc()))]) socket.send(frame)
  await answered
  socket.close()
  assert.equal((await content()).trim(), kept)
  await ben.close()
})

/** Runs in the page: keeps when it first says that one may only look. */
function watchStatus() {
  new MutationObserver(() => {
    if (document.querySelector('.status[data-status=read-only]')) /** @type {any} */ (globalThis).saidAt ??= Date.now()
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-status'] })
}

test('a page of another origin can do nothing with the cookie of who visits it', { skip }, async () => {
  const { pathname } = new URL('/d/plan', server.url)
  assert.equal(pathname, '/d/plan')
  const evil = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>Evil</title>'))
  await new Promise(resolve => evil.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = evil.address()
  const port = address && typeof address === 'object' ? address.port : 0
  const context = await browser.newContext()
  await context.addCookies([{ name: 'session', value: token({ plan: 'owner' }, 'Mia'), domain: '127.0.0.1', path: '/', sameSite: 'Lax' }])
  const page = await context.newPage()
  /** Runs in the page: whether a socket opens, and what the API lets it do. @param {string} url */
  const attempt = async url => {
    const opens = await new Promise(resolve => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/plan`)
      socket.onopen = () => resolve(true)
      socket.onerror = () => resolve(false)
    })
    const asks = (/** @type {string} */ path, /** @type {RequestInit} */ request) => fetch(url + path, { credentials: 'include', ...request }).then(answer => answer.status, () => 'refused')
    const reads = await asks('/api/v1/documents/plan', {})
    const writes = await asks('/api/v1/documents/plan', { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: '{"title":"x"}' })
    const forms = await asks('/api/v1/documents/plan/duplicate', { method: 'POST', mode: 'no-cors', body: '{"name":"stolen"}' })
    return { opens, reads, writes, forms: forms === 0 ? 'blind' : forms }
  }
  // The cookie is good: a page of the server itself gets in with it.
  await page.goto(`${server.url}/about`)
  assert.deepEqual(await page.evaluate(attempt, server.url).then(({ opens, reads }) => ({ opens, reads })), { opens: true, reads: 200 })
  // Browsers send it to every port of the host, so only the origin tells.
  await page.goto(`http://127.0.0.1:${port}/`)
  const outcome = await page.evaluate(attempt, server.url)
  assert.deepEqual({ opens: outcome.opens, reads: outcome.reads, writes: outcome.writes }, { opens: false, reads: 'refused', writes: 'refused' })
  const list = await api('/documents', token({ '*': 'owner' }, 'Admin'))
  assert.ok(list.documents.every((/** @type {{ name: string }} */ { name }) => name !== 'stolen'))
  await context.close()
  await new Promise(resolve => evil.close(resolve))
})
