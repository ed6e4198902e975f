// Asking for access, and signing in at the app in front, in a real browser: who may only look, or not even that, goes on
// in the same page once an owner allows it; who must sign in is led there and back to the same place.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'
import { SHOWN, waits } from './support/timers.mjs'
import { SECRET, token } from './support/tokens.mjs'

/** @type {import('playwright-core').Browser} */
let browser
/** @type {import('./support/server.mjs').Server} */
let server
/** The app in front: signs everybody in as Ben, and sends them back to where they came from. @type {import('node:http').Server} */
let app
/** What it was asked. @type {URL[]} */
const visits = []
/** What it signs with once the first secret is no longer good. */
const NEXT_SECRET = 'the secret of the app from now on'

before(async () => {
  if (skip) return
  browser = await launch()
  app = createServer((request, response) => {
    const asked = new URL(String(request.url), 'http://app')
    visits.push(asked)
    const back = new URL(String(asked.searchParams.get('next')))
    back.searchParams.set('token', token({ 'plan*': 'edit' }, 'Ben', 3600, visits.length === 1 ? SECRET : NEXT_SECRET))
    response.writeHead(303, { Location: String(back) }).end()
  })
  await new Promise(resolve => app.listen(0, '127.0.0.1', () => resolve(undefined)))
  server = await startServer(guarded())
})

after(async () => {
  await browser?.close()
  await server?.stop()
  app?.close()
})

/** A server behind the app that believes what is signed with this. */
function guarded(secret = SECRET) {
  const { port } = /** @type {import('node:net').AddressInfo} */ (app.address())
  return ['--auth-secret', secret, '--sign-in-url', `http://127.0.0.1:${port}/login?next={url}&from=docs`]
}

/** Somebody with a token for `rest`, in a document. @param {string} name @param {string} document @param {Record<string, string>} rights @param {string} [query] */
async function comes(name, document, rights, query = '') {
  const one = await person(browser, server.url, name)
  await waits(one.context, SHOWN.message)
  await one.page.goto(`${server.url}/d/${document}?token=${token(rights, name)}${query}`)
  return one
}

/** @param {import('./support/people.mjs').Person} who @param {string} note */
async function asks({ page }, note) {
  const dialog = page.getByRole('dialog', { name: /^Ask/ })
  await dialog.getByLabel('A note to the owner').fill(note)
  await dialog.getByRole('button', { name: 'Ask', exact: true }).click()
  await page.getByText('Asked. The owner sees it').first().waitFor()
}

test('who may only look asks to edit, and types on in the same page once the owner allows it', { skip }, async () => {
  const mia = await comes('Mia', 'letter', { letter: 'owner' }, '&kind=markdown')
  await mia.text.click()
  await mia.page.keyboard.type('Dear all, ')
  await mia.isSaved()
  const ben = await comes('Ben', 'letter', { letter: 'view' })
  await ben.sees('Dear all')
  await ben.page.evaluate(() => Object.assign(globalThis, { isSamePage: true }))
  await ben.page.locator('.status[data-status=read-only]').click()
  await ben.page.getByRole('button', { name: 'Ask for access' }).click()
  await asks(ben, 'I have the dates')
  const notice = mia.page.locator('#asked .notice')
  await notice.getByText('Ben asks to edit this document.').waitFor()
  await notice.getByText('I have the dates').waitFor()
  // A token vouches for the name.
  assert.equal(await notice.getByText('The name is what they say.').count(), 0)
  await notice.getByRole('button', { name: 'Allow' }).click()
  await ben.page.locator('.status[data-status=saved]').waitFor()
  await notice.waitFor({ state: 'detached' })
  await ben.text.click()
  await ben.page.keyboard.press('Control+End')
  await ben.page.keyboard.type('I come.')
  await mia.sees('Dear all, I come.')
  assert.ok(await ben.page.evaluate(() => 'isSamePage' in globalThis))
  await ben.close()
  await mia.close()
})

test('who may not open a document asks without learning whether it is there, and is refused or let in', { skip }, async () => {
  const cleo = await comes('Cleo', 'secret', { elsewhere: 'edit' })
  cleo.expects.push(/Failed to load resource/)
  await cleo.page.locator('.status[data-status=denied]').waitFor()
  await cleo.page.locator('.rescue').getByRole('button', { name: 'Ask for access' }).click()
  await asks(cleo, '')
  // The owner comes only now.
  const mia = await comes('Mia', 'secret', { secret: 'owner' }, '&kind=markdown')
  await mia.text.click()
  await mia.page.keyboard.type('Only for us')
  await mia.isSaved()
  const notice = mia.page.locator('#asked .notice')
  await notice.getByText('Cleo asks to view this document.').waitFor()
  await notice.getByText('The name is what they say.').waitFor()
  await notice.getByRole('button', { name: 'Not now' }).click()
  await cleo.page.getByText('The owner does not let you in now.').first().waitFor()
  await cleo.page.locator('.rescue').getByRole('button', { name: 'Ask for access' }).click()
  await asks(cleo, 'It is me')
  await notice.getByText('It is me').waitFor()
  await notice.getByRole('button', { name: 'Allow' }).click()
  await cleo.page.locator('.status[data-status=read-only]').waitFor()
  await cleo.sees('Only for us')
  await cleo.close()
  await mia.close()
})

test('who must sign in is led there and back to the same document and caret', { skip }, async () => {
  const own = await startServer(guarded())
  const ben = await person(browser, own.url, 'Ben')
  ben.expects.push(/Failed to load resource|WebSocket|ERR_INTERNET_DISCONNECTED/)
  await ben.page.goto(`${own.url}/d/plan%26x?kind=markdown`)
  await ben.page.locator('.status[data-status=sign-in]').waitFor()
  await ben.page.locator('.rescue').getByRole('button', { name: 'Sign in' }).click()
  await ben.page.locator('.cm-content').waitFor()
  assert.equal(visits[0].searchParams.get('next'), `${own.url}/d/plan%26x?kind=markdown`)
  assert.equal(visits[0].searchParams.get('from'), 'docs')
  assert.equal(ben.page.url(), `${own.url}/d/plan%26x?kind=markdown`)
  await ben.text.click()
  await ben.page.keyboard.type('first second')
  for (let step = 0; step < ' second'.length; step++) await ben.page.keyboard.press('ArrowLeft')
  await ben.isSaved()
  // The token is good for nothing from now on.
  await own.kill()
  await own.restart(guarded(NEXT_SECRET))
  await ben.page.locator('.status[data-status=sign-in]').waitFor()
  await ben.page.locator('.rescue').getByRole('button', { name: 'Sign in' }).click()
  await ben.page.locator('.status[data-status=saved]').waitFor()
  assert.equal(visits.length, 2)
  await ben.sees('first second')
  await ben.page.waitForFunction(() => sessionStorage.getItem('coscribe.caret') === null && document.activeElement?.matches('.cm-content'))
  await ben.page.keyboard.type(' and')
  await ben.sees('first and second')
  await ben.close()
  await own.stop()
})

test('an owner names, replaces and ends links, and the one before leads nowhere', { skip }, async () => {
  const mia = await comes('Mia', 'fresh', { fresh: 'owner' }, '&kind=markdown')
  await mia.page.locator('.cm-content').waitFor()
  await mia.page.getByRole('button', { name: 'Menu' }).click()
  await mia.page.getByRole('menuitem', { name: 'Share…' }).click()
  const dialog = mia.page.getByRole('dialog', { name: 'Share this document' })
  // Nobody has written in it yet: sharing it makes it.
  await dialog.getByLabel('Name of the link').fill('For Grace')
  await dialog.getByRole('button', { name: 'New link' }).click()
  const field = dialog.getByLabel('Address of the new link')
  const first = await field.inputValue()
  await dialog.getByRole('button', { name: 'Show as QR code' }).click()
  await dialog.getByRole('img', { name: 'QR code of the new link' }).waitFor()
  await dialog.getByRole('button', { name: 'Replace the link: For Grace' }).click()
  await mia.page.waitForFunction(before => {
    const field = /** @type {HTMLInputElement | null} */ (document.querySelector('[aria-label="Address of the new link"]'))
    return field && field.value !== before
  }, first)
  // The new link is shown before the one before it has ended.
  await dialog.getByRole('button', { name: 'Replace the link: For Grace', disabled: false }).waitFor()
  const second = await field.inputValue()
  const status = async (/** @type {string} */ link) => (await fetch(`${server.url}/api/v1/documents/fresh`, { headers: { Authorization: `Bearer ${link.split('#share=')[1]}` } })).status
  assert.deepEqual([await status(first), await status(second)], [404, 200])
  assert.equal(await dialog.getByRole('listitem').count(), 1)
  await dialog.getByRole('button', { name: 'End the link: For Grace' }).click()
  await dialog.getByRole('listitem').waitFor({ state: 'detached' })
  assert.equal(await status(second), 404)
  await mia.close()
})

test('on an open server sharing is an address and one sentence, and asks for nothing', { skip }, async () => {
  const open = await startServer()
  const ada = await person(browser, open.url, 'Ada')
  await ada.opens('plan', '?kind=markdown')
  /** @type {string[]} */
  const asked = []
  ada.page.on('request', request => asked.push(new URL(request.url()).pathname))
  await ada.page.getByRole('button', { name: 'Menu' }).click()
  await ada.page.getByRole('menuitem', { name: 'Share…' }).click()
  const dialog = ada.page.getByRole('dialog', { name: 'Share this document' })
  await dialog.getByText('Everybody who can reach this server can open and edit it.').waitFor()
  assert.equal(await dialog.getByLabel('Address of this document').inputValue(), `${open.url}/d/plan`)
  assert.equal(await dialog.getByRole('alert').count(), 0)
  assert.deepEqual(asked.filter(path => path.startsWith('/api/')), [])
  await ada.close()
  await open.stop()
})
