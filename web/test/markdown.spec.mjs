// Markdown in a real browser: commands, tasks, paste, the preview and what scrolls it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'
import { waits } from './support/timers.mjs'
import { writer } from './support/writer.mjs'

/** @type {import('playwright-core').Browser} */
let browser
/** @type {import('./support/server.mjs').Server} */
let server
before(async () => {
  if (!skip) [browser, server] = [await launch(), await startServer()]
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** Somebody in a document with this text, and a writer beside them. @param {string} name @param {string} text @param {import('playwright-core').BrowserContextOptions} [options] */
async function open(name, text, options) {
  const other = await writer(server.port, name, { kind: 'markdown', text })
  const ada = await person(browser, server.url, 'Ada Byron', { viewport: { width: 1280, height: 800 }, ...options })
  await ada.opens(name, '?kind=markdown')
  return { ada, other, page: ada.page, preview: ada.page.getByRole('region', { name: 'Preview' }) }
}

/** Longest wait for the server when formatted text is pasted, in ms. */
const PASTE_PATIENCE = 3000
const LONG = Array.from({ length: 120 }, (_, index) => `## Part ${index}\n\nParagraph ${index} with some words.\n`).join('\n')

test('the toolbar and shortcuts write Markdown', { skip }, async () => {
  const { ada, other, page } = await open('commands', 'one two')
  await ada.text.click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.press('Control+b')
  await other.sees(text => text === '**one** two')
  await page.keyboard.press('Control+b')
  await other.sees(text => text === 'one two')
  await page.getByRole('button', { name: 'Italic' }).click()
  await other.sees(text => text === '*one* two')
  await page.keyboard.press('Control+z')
  await other.sees(text => text === 'one two')
  await page.keyboard.press('Control+Shift+9')
  await other.sees(text => text === '- [ ] one two')
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await page.keyboard.type('three')
  await other.sees(text => text === '- [ ] one two\n- [ ] three')
  await page.keyboard.press('Tab')
  await other.sees(text => /^- \[ \] one two\n +- \[ \] three$/.test(text))
  await page.locator('.md-box').first().click()
  await other.sees(text => text.startsWith('- [x] one two'))
  await ada.close()
  other.close()
})

test('Tab leaves the text outside lists; in lists Escape, then Tab, does', { skip }, async () => {
  const { ada, other, page } = await open('tab', 'plain\n\n- item')
  const isInText = () => page.evaluate(() => Boolean(document.activeElement?.closest('.cm-content')))
  await ada.text.click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.press('Tab')
  assert.equal(await isInText(), false)
  await ada.text.focus()
  await page.keyboard.press('Control+End')
  await page.keyboard.press('Tab')
  assert.equal(await isInText(), true)
  await page.keyboard.press('Escape')
  await page.keyboard.press('Tab')
  assert.equal(await isInText(), false)
  const help = await ada.text.getAttribute('aria-describedby')
  assert.match(String(await page.locator(`#${help}`).textContent()), /Escape, then Tab/)
  await ada.close()
  other.close()
})

test('the preview shows the text as it becomes, and its boxes tick tasks of the text', { skip }, async () => {
  const { ada, other, page, preview } = await open('preview', '# Title\n\n- [ ] first\n- [ ] second\n\n<b>no</b> [x](javascript:alert(1))\n')
  await preview.getByRole('heading', { name: 'Title', level: 1 }).waitFor()
  await preview.getByRole('checkbox', { name: 'second' }).click()
  await other.sees(text => text.includes('- [x] second') && text.includes('- [ ] first'))
  await preview.getByRole('checkbox', { name: 'second', checked: true }).waitFor()
  await preview.getByRole('checkbox', { name: 'second' }).press('Space')
  await other.sees(text => text.includes('- [ ] second'))
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'second', 'the box that was ticked keeps the focus')
  other.text.insert(0, '# Before\n\n')
  await preview.getByRole('heading', { name: 'Before' }).waitFor()
  await preview.getByRole('checkbox', { name: 'first' }).click()
  await other.sees(text => text.includes('- [x] first'))
  assert.equal(await preview.locator('b, a[href^=javascript]').count(), 0)
  await ada.close()
  other.close()
})

test('the preview is hidden, shown and made wider by keyboard, and stays so', { skip }, async () => {
  const { ada, other, page, preview } = await open('panes', '# Title')
  await preview.waitFor()
  const divider = page.getByRole('separator', { name: 'Width of the text' })
  await divider.focus()
  await page.keyboard.press('ArrowLeft')
  assert.equal(await divider.getAttribute('aria-valuenow'), '46')
  await page.keyboard.press('End')
  assert.equal(await divider.getAttribute('aria-valuenow'), '80')
  await page.reload()
  await preview.waitFor()
  assert.equal(await divider.getAttribute('aria-valuenow'), '80')
  await page.getByRole('button', { name: 'Preview' }).click()
  await preview.waitFor({ state: 'hidden' })
  await page.reload()
  await ada.text.waitFor()
  assert.equal(await preview.isVisible(), false)
  await ada.text.focus()
  await page.keyboard.press('Control+Alt+p')
  await preview.getByRole('heading', { name: 'Title' }).waitFor()
  await ada.close()
  other.close()
})

test('on a phone text and preview take turns', { skip }, async () => {
  const { ada, other, page, preview } = await open('phone', '# Title', { viewport: { width: 390, height: 800 } })
  assert.equal(await preview.isVisible(), false)
  await ada.text.focus()
  await page.keyboard.press('Control+Alt+p')
  await preview.getByRole('heading', { name: 'Title' }).waitFor()
  assert.equal(await ada.text.isVisible(), false)
  await page.keyboard.press('Control+Alt+p')
  await ada.text.waitFor()
  await ada.close()
  other.close()
})

test('text and preview scroll together by line, whichever is scrolled', { skip }, async () => {
  const { ada, other, page, preview } = await open('link', LONG)
  await preview.getByRole('heading', { name: 'Part 3', exact: true }).waitFor()
  await ada.text.hover()
  await page.mouse.wheel(0, 3000)
  await page.waitForFunction(() => Number(document.querySelector('.text-preview')?.scrollTop) > 500)
  await page.waitForFunction(sameTop)
  await preview.hover()
  await page.mouse.wheel(0, 2500)
  await page.waitForFunction(sameTop)
  await page.mouse.wheel(0, -50000)
  await page.waitForFunction(() => document.querySelector('.text-preview')?.scrollTop === 0 && document.querySelector('.cm-scroller')?.scrollTop === 0)
  await ada.close()
  other.close()
})

/** Runs in the page: whether both panes begin with the same part, give or take one. */
function sameTop() {
  const first = (/** @type {string} */ selector, /** @type {string} */ pane) => {
    const top = Number(document.querySelector(pane)?.getBoundingClientRect().top)
    const seen = [...document.querySelectorAll(selector)].find(element => element.getBoundingClientRect().top >= top - 4 && /Part \d/.test(element.textContent ?? ''))
    return Number(seen?.textContent?.match(/Part (\d+)/)?.[1] ?? -100)
  }
  const [text, preview] = [first('.cm-line', '.cm-scroller'), first('.preview-body h2', '.text-preview')]
  return text > 0 && Math.abs(text - preview) <= 1
}

test("others' edits scroll neither the preview nor the text", { skip }, async () => {
  const { ada, other, page, preview } = await open('calm', LONG)
  await preview.hover()
  await page.mouse.wheel(0, 4000)
  await page.waitForFunction(() => Number(document.querySelector('.cm-scroller')?.scrollTop) > 1000)
  await page.waitForFunction(sameTop)
  const before = await page.evaluate(tops, [])
  for (let edit = 0; edit < 60; edit++) {
    other.text.insert(edit % 2 ? 0 : other.text.toString().indexOf('Paragraph 3 '), edit % 3 ? 'More.\n\n' : `### New ${edit}\n\n`)
    await other.saved()
  }
  other.text.insert(other.text.length, '\nThe end.\n')
  await other.saved()
  await ada.isSaved()
  await page.waitForFunction(() => document.querySelector('.preview-chunk:last-child') !== null)
  await page.evaluate(() => new Promise(resolve => requestIdleCallback(() => requestAnimationFrame(resolve))))
  const now = await page.evaluate(tops, before.names)
  now.tops.forEach((top, index) => assert.ok(Math.abs(top - before.tops[index]) <= 2, `${now.names[index]} moved from ${before.tops[index]} to ${top}`))
  await ada.close()
  other.close()
})

/** Runs in the page: what stands first in both panes, or what did, and where. @param {string[]} wanted */
function tops(wanted) {
  /** @type {string[]} */
  const names = []
  const tops = []
  for (const [selector, pane] of [['.cm-line', '.cm-scroller'], ['.preview-body h2', '.text-preview']]) {
    const edge = Number(document.querySelector(pane)?.getBoundingClientRect().top)
    const name = wanted[names.length]
    const isIt = (/** @type {Element} */ element) => (name ? element.textContent === name : element.getBoundingClientRect().top >= edge && /Part \d/.test(element.textContent ?? ''))
    const seen = [...document.querySelectorAll(selector)].find(isIt)
    names.push(seen?.textContent ?? '')
    tops.push(Number(seen?.getBoundingClientRect().top))
  }
  return { names, tops }
}

test('an address pasted over words makes them a link; formatted text comes as Markdown, or plain without a server', { skip }, async () => {
  const { ada, other, page } = await open('paste', 'the guide')
  await waits(ada.context, PASTE_PATIENCE)
  const paste = (/** @type {Record<string, string>} */ kinds) => ada.text.evaluate((text, kinds) => {
    const data = new DataTransfer()
    for (const [kind, content] of Object.entries(kinds)) data.setData(kind, content)
    text.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
  }, kinds)
  await ada.text.click()
  await page.keyboard.press('Control+a')
  await paste({ 'text/plain': 'https://example.org' })
  await other.sees(text => text === '[the guide](https://example.org)')
  await page.keyboard.press('Control+a')
  await page.route('**/api/v1/convert?**', route => route.fulfill({ body: '**bold** text\n', contentType: 'text/markdown' }))
  await paste({ 'text/plain': 'bold text', 'text/html': '<b>bold</b> text' })
  await other.sees(text => text === '**bold** text')
  await page.unroute('**/api/v1/convert?**')
  ada.expects.push(/Failed to load resource/)
  await page.route('**/api/v1/convert?**', route => route.abort())
  await page.keyboard.press('Control+a')
  await paste({ 'text/plain': 'only text\r\ntwo', 'text/html': '<b>only</b> text' })
  await other.sees(text => text === 'only text\ntwo')
  await ada.close()
  other.close()
})

test('a paste the server would refuse never enters the document, and says so', { skip }, async () => {
  const { ada, other, page } = await open('large', 'small')
  await ada.text.click()
  await ada.text.evaluate(text => {
    const data = new DataTransfer()
    data.setData('text/plain', 'x'.repeat(70_000_000))
    text.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
  })
  await page.getByText(/That text is too large: 70 MB, at most \d/).first().waitFor()
  assert.equal(other.text.toString(), 'small')
  assert.equal(await ada.reads(), 'small')
  await ada.close()
  other.close()
})

test('the text speaks German where the page does', { skip }, async () => {
  const other = await writer(server.port, 'deutsch', { kind: 'markdown', text: 'eins zwei' })
  const ada = await person(browser, server.url, 'Ada Byron', { locale: 'de-DE', viewport: { width: 1280, height: 800 } })
  await ada.opens('deutsch')
  await ada.page.getByLabel('Text des Dokuments').click()
  await ada.page.getByRole('region', { name: 'Vorschau' }).waitFor()
  await ada.page.keyboard.press('Control+f')
  for (const name of ['Weiter', 'Zurück', 'Alle ersetzen']) await ada.page.getByRole('button', { name, exact: true }).waitFor()
  await ada.close()
  other.close()
})

test('a text in which another app put something else than letters is only shown', { skip }, async () => {
  const { ada, other, page } = await open('embed', 'one two')
  await ada.sees('one two')
  other.text.insertEmbed(3, { image: 'x' })
  await page.getByText('This document is shown for reading only.').waitFor()
  assert.equal(await page.locator('.cm-content').getAttribute('contenteditable'), 'false')
  other.text.insert(0, 'zero ')
  await ada.sees('zero one two')
  await page.reload()
  await page.getByText('This document is shown for reading only.').waitFor()
  await ada.sees('zero one two')
  assert.equal(await page.locator('.cm-content').getAttribute('contenteditable'), 'false')
  await ada.close()
  other.close()
})

test('an error on the way of a key costs neither the key nor those after it', { skip }, async () => {
  const ada = await person(browser, server.url, 'Ada Byron')
  const { page } = ada
  await ada.opens('crash', '?kind=markdown')
  const other = await writer(server.port, 'crash')
  ada.expects.push(/the text editor failed/)
  await ada.text.click()
  // The first key also says what kind of document it is, and when; that fails, in the middle of its transaction.
  await page.evaluate(() => {
    const { now } = Date
    Error.stackTraceLimit = 50
    Date.now = () => {
      const stack = new Error().stack ?? ''
      if (!stack.includes('transact') || stack.includes('onUpdate')) return now()
      Date.now = now
      throw new Error('provoked')
    }
  })
  await page.keyboard.type('abcd')
  await other.sees(text => text === 'abcd')
  await ada.close()
  other.close()
})
