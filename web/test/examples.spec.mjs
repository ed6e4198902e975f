// The examples for Node (examples/node) as a stranger meets them: two people in each page of stock clients, and the
// Express app in front of the server.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { closeAfterwards } from './support/closing.mjs'
import { launch, person } from './support/people.mjs'
import { freePort, skip as noServer, startServer } from './support/server.mjs'

const FOLDER = resolve(import.meta.dirname, '../../examples/node')
const skip = noServer || (existsSync(join(FOLDER, 'node_modules')) ? false : `run npm ci in ${FOLDER}`)

/** @type {import('playwright-core').Browser} */
let browser
before(async () => {
  if (!skip) browser = await launch()
})
after(() => browser?.close())

/** Runs an example until the test ends; gives its address, which is what it says first. @param {string} script @param {string} coscribe @param {number} [port] */
async function run(script, coscribe, port = 0) {
  const child = spawn('node', [script, String(port)], { cwd: FOLDER, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, COSCRIBE: coscribe } })
  closeAfterwards(() => child.kill())
  for await (const line of createInterface({ input: child.stdout })) return line.replace(/\/$/, '')
  throw new Error(`${script} said nothing`)
}

/** Starts the server, until the test ends. @param {string[]} args */
async function server(args) {
  const server = await startServer(args)
  closeAfterwards(() => server.stop())
  return server
}

/** Runs in the page: whether the text holds this, names on carets not counted. @param {string} part */
function holds(part) {
  const text = /** @type {HTMLElement | undefined} */ (document.querySelector('.cm-content, .ProseMirror')?.cloneNode(true))
  text?.querySelectorAll('.remote-caret, .cm-ySelectionCaret').forEach(caret => caret.remove())
  return text?.textContent?.includes(part)
}

/** Somebody with a page open. @param {string} address */
async function reader(address) {
  const who = await person(browser, address, 'Somebody')
  await who.page.goto(address)
  const text = who.page.locator('.cm-content, .ProseMirror')
  await text.waitFor()
  return {
    ...who,
    text,
    output: who.page.locator('output'),
    /** @param {string} part */
    sees: part => who.page.waitForFunction(holds, part),
  }
}

const SAVED = { 'y-websocket': 'connected', tiptap: 'saved', 'y-sweet': 'connected' }
for (const [name, word] of Object.entries(SAVED)) {
  test(`two people write together in the page of ${name}, and in Coscribe’s own`, { skip }, async () => {
    const coscribe = await server(['--open', '--allow-origin', '*'])
    const pages = await run('pages.mjs', coscribe.url)
    const ada = await reader(`${pages}/${name}.html`)
    const ben = await reader(`${pages}/${name}.html`)
    await ada.text.click()
    await ada.page.keyboard.type('Good morning. ')
    await ben.sees('Good morning. ')
    await ben.text.click()
    await ben.page.keyboard.press('Control+End')
    await ben.page.keyboard.type('And to you.')
    await ada.sees('Good morning. And to you.')
    for (const one of [ada, ben]) await one.output.filter({ hasText: word }).waitFor()

    const [cleo] = await Promise.all([ada.context.waitForEvent('page'), ada.page.getByRole('link').click({ modifiers: ['Control'] })])
    await cleo.waitForFunction(holds, 'Good morning. And to you.')
    for (const one of [ada, ben]) await one.close()
  })
}

test('the pages of two families meet at one document', { skip }, async () => {
  const coscribe = await server(['--open', '--allow-origin', '*'])
  const pages = await run('pages.mjs', coscribe.url)
  const ada = await reader(`${pages}/y-websocket.html`)
  const ben = await reader(`${pages}/y-sweet.html`)
  await ada.text.click()
  await ada.page.keyboard.type('by y-websocket')
  await ben.sees('by y-websocket')
  for (const one of [ada, ben]) await one.close()
})

/** The Express app with the server behind it. @param {number} port a free one */
async function guarded(port) {
  const coscribe = await server(['--auth-url', `http://127.0.0.1:${port}/rights`, '--auth-url-cookie', 'session', '--auth-recheck', '1s'])
  return { coscribe, app: await run('app.mjs', coscribe.url, port) }
}

/** @param {string} app @param {string} name */
async function signedIn(app, name) {
  const one = await person(browser, app, name)
  await one.page.goto(`${app}/login`)
  await one.page.locator('input').fill(name)
  await one.page.getByRole('button').click()
  await one.page.getByRole('link', { name: 'Handbook' }).waitFor()
  return one
}

test('who is signed in to the Express app writes behind it, as the app allows', { skip }, async () => {
  const { app } = await guarded(await freePort())
  const ada = await signedIn(app, 'Ada')
  await ada.page.getByRole('link', { name: 'Handbook' }).click()
  await ada.text.click()
  await ada.page.keyboard.type('Water the plants.')
  await ada.isSaved()
  const ben = await signedIn(app, 'Ben')
  await ben.opens('handbook')
  await ben.sees('Water the plants.')
  assert.equal(await ben.page.locator('.ProseMirror').getAttribute('contenteditable'), 'false')
  await ben.opens('plan')
  await ben.text.click()
  await ben.page.keyboard.type('Buy milk.')
  await ben.isSaved()
  await ada.opens('plan')
  await ada.sees('Buy milk.')
  for (const one of [ada, ben]) await one.close()
})

test('a stranger gets nothing through the Express app, nor past it', { skip }, async () => {
  const { app, coscribe } = await guarded(await freePort())
  const ada = await signedIn(app, 'Ada')
  await ada.opens('plan')
  await ada.text.click()
  await ada.page.keyboard.type('Between us.')
  await ada.isSaved()
  for (const way of [app, coscribe.url]) {
    const answer = await fetch(`${way}/api/v1/documents/plan/content.txt`)
    assert.equal(answer.status, 401)
    assert.doesNotMatch(await answer.text(), /Between us/)
  }
  const stranger = await person(browser, app, 'Stranger')
  stranger.expects.push(/401/)
  await stranger.page.goto(`${app}/d/plan`)
  await stranger.page.getByText('Sign in to continue').first().waitFor()
  assert.doesNotMatch(await stranger.page.locator('body').innerText(), /Between us/)
  for (const one of [ada, stranger]) await one.close()
})
