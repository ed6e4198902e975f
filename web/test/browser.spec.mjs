// Two people in one document, in a real browser against a real server: `COSCRIBE_URL=http://127.0.0.1:8080
// npm run browser`. CHROMIUM names another browser. Any error in a page fails its test.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { randomUUID } from 'node:crypto'
import { chromium } from 'playwright-core'

const url = process.env.COSCRIBE_URL
const skip = url ? false : 'set COSCRIBE_URL to the address of a running server'
const QUIET = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** @type {import('playwright-core').Browser} */
let browser

before(async () => {
  if (url) browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: QUIET })
})
after(() => browser?.close())

/**
 * A person with a name and a device of their own, in a document.
 * @param {string} name
 * @param {string} document
 * @param {(page: import('playwright-core').Page) => Promise<void>} [prepare] runs before the page loads
 */
async function person(name, document, prepare) {
  const context = await browser.newContext()
  await context.addInitScript(who => localStorage.setItem('coscribe.me', JSON.stringify({ id: who, name: who })), name)
  const page = await context.newPage()
  /** @type {string[]} */
  const errors = []
  page.on('pageerror', error => errors.push(String(error)))
  page.on('console', message => message.type() === 'error' && errors.push(message.text()))
  await prepare?.(page)
  await page.goto(`${url}/d/${encodeURIComponent(document)}`)
  await page.locator('.cm-content').waitFor()
  const text = page.getByLabel('Document text')
  return {
    page,
    text,
    /** @param {string} wanted */
    sees: wanted => page.waitForFunction(readsLike, wanted),
    isSaved: () => page.locator('.status[data-status=saved]').waitFor(),
    close: async () => {
      await context.close()
      assert.deepEqual(errors, [])
    },
  }
}

/** Runs in the page: whether the text holds this, not counting the names on other people's carets. @param {string} part */
function readsLike(part) {
  const text = /** @type {HTMLElement | undefined} */ (document.querySelector('.cm-content')?.cloneNode(true))
  text?.querySelectorAll('.remote-caret').forEach(caret => caret.remove())
  return text?.textContent?.includes(part)
}

test('two people type in the same document and see text, names and the truth about saving', { skip }, async () => {
  const where = `browser test/${randomUUID()}`
  const ada = await person('Ada Byron', where)
  await ada.text.pressSequentially('# Plan from Ada')
  await ada.isSaved()

  const linus = await person('Linus Chan', where)
  await linus.sees('# Plan from Ada')
  await linus.text.press('Control+End')
  await linus.text.pressSequentially(' and Linus')
  await linus.isSaved()
  await ada.sees('# Plan from Ada and Linus')

  await ada.page.locator('.remote-flag', { hasText: 'Linus Chan' }).waitFor({ state: 'attached' })
  await linus.page.locator('.remote-flag', { hasText: 'Ada Byron' }).waitFor({ state: 'attached' })
  await ada.page.getByLabel('People here').getByText('Linus Chan').waitFor({ state: 'attached' })
  assert.equal(await ada.page.title(), `${where} · Coscribe`)

  await linus.close()
  await ada.page.locator('.remote-caret').waitFor({ state: 'detached' })
  await ada.close()
})

test("undo takes back one's own edits only, and others' edits do not move the caret", { skip }, async () => {
  const where = `undo-${randomUUID()}`
  const ada = await person('Ada Byron', where)
  await ada.text.pressSequentially('mine')
  await ada.isSaved()
  const linus = await person('Linus Chan', where)
  await linus.sees('mine')
  await linus.text.press('Control+Home')
  await linus.text.pressSequentially('theirs ')
  await ada.sees('theirs mine')
  await ada.text.pressSequentially('!')
  await linus.sees('theirs mine!')
  await ada.text.press('Control+z')
  await ada.text.press('Control+z')
  await linus.page.locator('.cm-content', { hasText: 'mine' }).waitFor({ state: 'detached' })
  await linus.sees('theirs')
  await ada.close()
  await linus.close()
})

test("a remote edit in the line does not disturb a composition", { skip }, async () => {
  const where = `ime-${randomUUID()}`
  const ada = await person('Ada Byron', where)
  await ada.text.pressSequentially('start ')
  await ada.isSaved()
  const linus = await person('Linus Chan', where)
  await linus.sees('start')
  const keyboard = await ada.page.context().newCDPSession(ada.page)
  const compose = (/** @type {string} */ text) => keyboard.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
  await compose('に')
  await compose('にほ')
  await linus.text.press('Control+Home')
  await linus.text.pressSequentially('>> ')
  await linus.isSaved()
  assert.equal(await ada.page.evaluate(readsLike, '>>'), false, 'it waits for the end of the composition')
  await compose('にほん')
  await keyboard.send('Input.insertText', { text: '日本' })
  for (const one of [ada, linus]) await one.sees('>> start 日本')
  assert.equal(await ada.page.evaluate(() => document.querySelector('.cm-content')?.textContent?.includes('に')), false)
  await ada.close()
  await linus.close()
})

test("a flood of others' edits above moves neither my caret nor what I read", { skip }, async () => {
  const where = `scroll-${randomUUID()}`
  const ada = await person('Ada Byron', where)
  await ada.page.keyboard.insertText(Array.from({ length: 200 }, (_, line) => `line ${line}`).join('\n'))
  await ada.isSaved()
  const linus = await person('Linus Chan', where)
  await linus.text.press('Control+Home')
  await ada.text.press('Control+End')
  const seen = () => ada.page.evaluate(() => {
    const lines = [...document.querySelectorAll('.cm-line')]
    const last = lines.find(line => line.textContent === 'line 195')
    return Math.round(last?.getBoundingClientRect().top ?? -1)
  })
  await ada.page.waitForFunction(() => [...document.querySelectorAll('.cm-line')].some(line => line.textContent === 'line 195'))
  const before = await seen()
  for (let i = 0; i < 30; i++) await linus.page.keyboard.insertText(`flood ${i}\n`)
  await linus.isSaved()
  await ada.text.pressSequentially(' end of Ada')
  await linus.text.press('Control+End')
  await linus.sees('line 199 end of Ada')
  const after = await seen()
  assert.ok(before > 0 && Math.abs(after - before) <= 1, `the line moved from ${before} to ${after}`)
  await ada.close()
  await linus.close()
})

test('without a server the page says so, and what was typed arrives afterwards', { skip }, async () => {
  const where = `offline-${randomUUID()}`
  const network = { down: false, open: /** @type {import('playwright-core').WebSocketRoute[]} */ ([]) }
  const ada = await person('Ada Byron', where, async page => {
    await page.routeWebSocket(/\/ws\//, socket => {
      if (network.down) return void socket.close({ code: 1001 })
      socket.connectToServer()
      network.open.push(socket)
    })
  })
  await ada.text.pressSequentially('before')
  await ada.isSaved()

  network.down = true
  for (const socket of network.open) await socket.close({ code: 1001 })
  await ada.page.locator('.status[data-status=offline]').waitFor()
  await ada.text.pressSequentially(' and while offline')
  await ada.page.getByText('edits are only in this tab').first().waitFor()

  network.down = false
  await ada.page.evaluate(() => dispatchEvent(new Event('online')))
  await ada.isSaved()
  const linus = await person('Linus Chan', where)
  await linus.sees('before and while offline')
  await ada.close()
  await linus.close()
})

test('the home page opens a document and remembers it', { skip }, async () => {
  const name = `home-${randomUUID()}`
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${url}/`)
  await page.getByLabel('Name of a document').fill(name)
  await page.getByRole('button', { name: 'Open' }).click()
  await page.locator('.cm-content').waitFor()
  await page.getByLabel('All documents').click()
  await page.getByRole('link', { name }).waitFor()
  await page.getByRole('button', { name: `Remove ${name} from this list` }).click()
  await page.getByRole('link', { name }).waitFor({ state: 'detached' })
  await context.close()
})
