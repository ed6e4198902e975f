// Code in a real browser: language and indent live for everybody, keys, carets of others, and a flood of others'
// edits that disturbs nothing.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Y } from '../vendor/core.js'
import { drawn, launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'
import { within } from './support/within.mjs'
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

const LINES = Array.from({ length: 400 }, (_, index) => `let line${index} = ${index}`).join('\n')

/** @param {string} name @param {string} text */
async function open(name, text) {
  const other = await writer(server.port, name, { kind: 'code', text })
  const ada = await person(browser, server.url, 'Ada Byron', { viewport: { width: 1280, height: 800 } })
  await ada.opens(name, '?kind=code')
  return { ada, other, page: ada.page }
}

test('a chosen language and indent hold for everybody at once', { skip }, async () => {
  const { ada, other, page } = await open('language', 'const one = 1\n')
  const linus = await person(browser, server.url, 'Linus Chan')
  await linus.opens('language')
  await page.getByLabel('Language', { exact: true }).selectOption({ label: 'JavaScript' })
  for (const one of [ada, linus]) await one.page.locator('.tok-keyword', { hasText: 'const' }).waitFor()
  await page.getByLabel('Indent', { exact: true }).selectOption({ label: 'Tabs, 4 wide' })
  await linus.page.waitForFunction(() => [...document.querySelectorAll('select')].some(select => select.value === 'tabs-4'))
  const meta = other.doc.getMap('meta')
  await within(new Promise(resolve => {
    const look = () => meta.get('lang') === 'javascript' && (meta.unobserve(look), resolve(undefined))
    meta.observe(look)
    look()
  }), () => JSON.stringify(meta.toJSON()))
  assert.equal(meta.get('lang'), 'javascript')
  await linus.text.click()
  await linus.page.keyboard.press('Control+Home')
  await linus.page.keyboard.press('Tab')
  await other.sees(text => text.startsWith('\tconst'))
  await page.getByLabel('Language', { exact: true }).selectOption({ label: 'Plain text' })
  await linus.page.locator('.tok-keyword').waitFor({ state: 'detached' })
  await linus.close()
  await ada.close()
  other.close()
})

test('keys of code: brackets close, Enter indents, comments toggle, Escape and Tab leave, lines are found', { skip }, async () => {
  const { ada, other, page } = await open('keys', '')
  await page.getByLabel('Language', { exact: true }).selectOption({ label: 'JavaScript' })
  await ada.text.click()
  await page.keyboard.type('if (a) {')
  // The grammar is fetched when the language is chosen; until then Enter knows no indentation.
  await page.locator('.tok-keyword', { hasText: 'if' }).waitFor()
  await page.keyboard.press('Enter')
  await page.keyboard.type('b')
  await other.sees(text => text === 'if (a) {\n  b\n}')
  await page.keyboard.press('Control+/')
  await other.sees(text => text === 'if (a) {\n  // b\n}')
  await page.keyboard.press('Control+Alt+g')
  const field = page.getByRole('textbox', { name: 'Go to line' })
  await field.fill('1')
  other.text.delete(0, other.text.length)
  other.text.insert(0, 'x')
  await ada.sees('x')
  await field.press('Enter')
  await page.keyboard.type('y')
  await other.sees(text => text === 'yx')
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => Boolean(document.activeElement?.closest('.cm-content'))), true)
  await page.keyboard.press('Escape')
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => Boolean(document.activeElement?.closest('.cm-content'))), false)
  assert.equal(await page.locator('.cm-gutters[aria-hidden=true]').count(), 1)
  await ada.close()
  other.close()
})

test('fifty edits a second above, in view and at the end move neither scroll, caret, search nor menu', { skip }, async () => {
  const { ada, other, page } = await open('flood', LINES)
  await ada.text.click()
  await page.keyboard.press('Control+Alt+g')
  await page.getByRole('textbox', { name: 'Go to line' }).fill('200:5')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Control+f')
  await page.getByRole('textbox', { name: 'Find' }).fill('line2')
  await page.waitForFunction(() => document.querySelector('.cm-activeLine')?.textContent?.includes('line199'))
  const menu = page.getByLabel('Language', { exact: true })
  await menu.focus()
  await drawn(page)
  const first = await page.evaluate(firstLine)
  for (let edit = 0; edit < 150; edit++) {
    const above = other.text.toString().indexOf('line150 ')
    other.text.insert([0, above, other.text.toString().indexOf('line205 ') + 8, other.text.length][edit % 4], edit % 4 === 2 ? 'x' : `new ${edit}\n`)
    if (edit % 5 === 0) await other.saved()
  }
  // Half of the edits put a line above.
  await page.locator('.cm-activeLineGutter', { hasText: '276' }).waitFor()
  await page.waitForFunction(() => document.querySelector('.cm-content')?.textContent?.includes('x'.repeat(37)))
  await drawn(page)
  const moved = await page.evaluate(topOfLine, first.text)
  assert.ok(Math.abs(Number(moved) - first.top) <= 2, `${first.text} moved from ${first.top} to ${moved}`)
  assert.match(String(await page.locator('.cm-activeLine').textContent()), /line199/)
  assert.equal(await page.getByRole('textbox', { name: 'Find' }).inputValue(), 'line2')
  assert.equal(await menu.evaluate(select => document.activeElement === select), true)
  await ada.text.focus()
  await page.keyboard.type('HERE')
  await other.sees(text => text.includes('let HEREline199'))
  await ada.close()
  other.close()
})

test('at the end of a text, what others add below stays below', { skip }, async () => {
  const { ada, other, page } = await open('end', LINES)
  await ada.text.hover()
  await page.mouse.wheel(0, 100_000)
  await page.waitForFunction(() => {
    const scroller = document.querySelector('.cm-scroller')
    return scroller && scroller.scrollTop > 1000 && scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop < 2
  })
  const first = await page.evaluate(firstLine)
  for (let edit = 0; edit < 40; edit++) other.text.insert(other.text.length, `\nmore ${edit}`)
  await other.saved()
  await page.waitForFunction(() => document.querySelector('.cm-content')?.textContent?.includes('more 5'))
  await page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve))))
  const moved = await page.evaluate(topOfLine, first.text)
  assert.ok(Math.abs(Number(moved) - first.top) <= 2, `${first.text} moved from ${first.top} to ${moved}`)
  await ada.close()
  other.close()
})

test('the first words of a new document say how it is indented', { skip }, async () => {
  const ada = await person(browser, server.url, 'Ada Byron')
  await ada.opens('fresh', '?kind=code')
  await ada.text.click()
  await ada.text.evaluate(text => {
    const data = new DataTransfer()
    data.setData('text/plain', 'if a:\n    b\n    c\n')
    text.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
  })
  await ada.isSaved()
  await ada.page.waitForFunction(() => [...document.querySelectorAll('select')].some(select => select.value === 'spaces-4'))
  await ada.close()
})

/** Runs in the page. */
function firstLine() {
  const edge = Number(document.querySelector('.cm-scroller')?.getBoundingClientRect().top)
  const line = [...document.querySelectorAll('.cm-line')].find(line => line.getBoundingClientRect().top >= edge)
  return { text: String(line?.textContent), top: Number(line?.getBoundingClientRect().top) }
}

/** Runs in the page. @param {string} text */
function topOfLine(text) {
  return [...document.querySelectorAll('.cm-line')].find(line => line.textContent === text)?.getBoundingClientRect().top
}

test('carets of stock editors are shown, and they understand ours', { skip }, async () => {
  const { ada, other, page } = await open('stock', 'one two three')
  other.pointsAt('Grace', 4, 7)
  const caret = page.locator('.remote-caret', { hasText: 'Grace' })
  await caret.waitFor({ state: 'attached' })
  assert.equal(await caret.getAttribute('aria-hidden'), 'true')
  assert.equal(await page.locator('.remote-selection').textContent(), 'two')
  await ada.text.click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.press('Shift+End')
  const cursor = await new Promise(resolve => {
    const look = () => {
      const state = [...other.awareness.getStates()].find(([client, state]) => client !== other.awareness.clientID && state.cursor && JSON.stringify(state.cursor.anchor) !== JSON.stringify(state.cursor.head))
      if (state) resolve(state[1].cursor)
    }
    other.awareness.on('change', look)
    look()
  })
  assert.deepEqual([cursor.anchor, cursor.head].map(position => Y.createAbsolutePositionFromRelativePosition(position, other.doc)?.index), [0, 13])
  other.awareness.setLocalState(null)
  await caret.waitFor({ state: 'detached' })
  await ada.close()
  other.close()
})

test('a text too large for colours says so and has them again when it is shorter', { skip }, async () => {
  const line = 'const one = 1\n'
  const { ada, other, page } = await open('too-large', line.repeat(75_000))
  other.doc.getMap('meta').set('lang', 'javascript')
  const note = page.locator('.text-strip', { hasText: 'Too large for colours' })
  await note.waitFor()
  assert.equal(await page.locator('.tok-keyword').count(), 0)
  other.text.delete(0, 20_000 * line.length)
  await page.locator('.tok-keyword').first().waitFor()
  await note.waitFor({ state: 'detached' })
  other.text.insert(0, line.repeat(20_000))
  await note.waitFor()
  await page.locator('.tok-keyword').first().waitFor({ state: 'detached' })
  other.close()
  await ada.close()
})
