// The document page by keyboard alone: everything is reached, everything is left, and the focus never gets lost.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'

/** @type {import('playwright-core').Browser} */
let browser
/** @type {import('./support/server.mjs').Server} */
let server
before(async () => {
  if (skip) return
  server = await startServer()
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** @param {string} [query] */
async function opens(query = '') {
  const ada = await person(browser, server.url, 'Ada')
  await ada.opens(randomUUID(), query)
  await ada.page.getByRole('toolbar').getByRole('button').first().waitFor()
  const press = async (/** @type {string[]} */ ...keys) => {
    for (const key of keys) await ada.page.keyboard.press(key)
  }
  return { ...ada, press, focused: () => ada.page.evaluate(describeFocus) }
}

/** Runs in the page: what has the focus, as people would call it. */
function describeFocus() {
  const at = /** @type {HTMLElement} */ (document.activeElement)
  if (at === document.body) return 'page'
  if (at.matches('.cm-content, .ProseMirror')) return 'text'
  if (at.closest('[role=toolbar]')) return `toolbar: ${at.ariaLabel}`
  return at.ariaLabel ?? at.textContent?.trim() ?? at.id
}

for (const kind of ['rich', 'markdown', 'code']) {
  test(`Tab passes every control of a ${kind} document and leaves the text after Escape`, { skip }, async () => {
    const { page, press, focused, text, close } = await opens(`?kind=${kind}`)
    await text.pressSequentially('words')
    await page.locator('.status[data-status=saved]').waitFor()
    await page.keyboard.press('Control+Alt+u')
    await page.getByRole('tab', { name: 'People' }).and(page.locator(':focus')).waitFor()
    // From the end of the text backwards to the start of the page, then through all of it.
    await page.evaluate(() => /** @type {HTMLElement} */ (document.querySelector('.skip')).focus())
    assert.equal(await focused(), 'Skip to document')
    const stops = []
    for (let i = 0; i < 40; i++) {
      await press('Tab')
      const now = await focused()
      if (now === 'page' || now === 'Skip to document') break
      stops.push(now)
      if (now === 'text') await press('Escape')
    }
    for (const stop of ['All documents', 'Title', 'Ada, you', 'Copy link', 'Panel', 'Menu', 'text', 'Width of the panel', 'People', 'Close panel', 'Rename']) assert.ok(stops.includes(stop), `${stop} is not in ${stops.join(', ')}`)
    assert.equal(stops.filter(stop => stop.startsWith('toolbar')).length, 1, 'one stop for the toolbar')
    assert.equal(new Set(stops).size, stops.length, stops.join(', '))
    assert.ok(stops.indexOf('text') < stops.indexOf('People'))
    assert.equal(await text.evaluate(one => one.textContent?.includes('\t')), false)
    // And back again.
    const back = []
    for (let i = 0; i < 40; i++) {
      await press('Shift+Tab')
      const now = await focused()
      if (now === 'Skip to document') break
      back.push(now)
      if (now === 'text') await press('Escape')
    }
    assert.ok(back.includes('text') && back.includes('Title'), back.join(', '))
    const help = await text.evaluate(one => document.getElementById(one.getAttribute('aria-describedby') ?? '')?.textContent)
    assert.match(help ?? '', /Esc.*Tab/)
    await close()
  })
}

test('the skip link leads past the bars', { skip }, async () => {
  const { page, press, focused, close } = await opens()
  await page.evaluate(() => /** @type {HTMLElement} */ (document.querySelector('.skip')).focus())
  await press('Enter', 'Tab')
  assert.equal(await focused(), 'text')
  await close()
})

test('the toolbar is one stop, with arrows inside and Escape back to the text', { skip }, async () => {
  const { page, press, focused, text, close } = await opens()
  await text.pressSequentially('words')
  await press('Control+a', 'Alt+F10')
  assert.match(await focused(), /^toolbar/)
  await press('Home')
  const first = await focused()
  await press('ArrowRight')
  const second = await focused()
  assert.notEqual(first, second)
  await press('ArrowLeft')
  assert.equal(await focused(), first)
  await press('ArrowLeft')
  const last = await focused()
  await press('Home', 'End')
  assert.equal(await focused(), last)
  await page.getByRole('toolbar').getByRole('button', { name: 'Bold' }).focus()
  await press('Enter')
  await page.locator('.ProseMirror strong', { hasText: 'words' }).waitFor()
  await press('Alt+F10')
  assert.equal(await focused(), 'toolbar: Bold', 'the stop stays where it was left')
  await press('Escape')
  await page.locator('.ProseMirror:focus').waitFor()
  await close()
})

test('a menu opens, moves, finds, goes into groups and gives the focus back', { skip }, async () => {
  const { page, press, focused, close } = await opens()
  await page.getByRole('button', { name: 'Menu' }).focus()
  await press('ArrowDown')
  await page.getByRole('menu', { name: 'Menu' }).waitFor()
  const item = () => page.evaluate(() => document.activeElement?.querySelector('.menu-label')?.textContent)
  assert.equal(await item(), 'Copy link')
  await press('ArrowDown')
  assert.equal(await item(), 'Share…')
  await press('ArrowUp', 'ArrowUp')
  assert.equal(await item(), 'Move to bin', 'round the ends')
  await press('t')
  assert.equal(await item(), 'Theme')
  await press('ArrowRight')
  await page.getByRole('menu', { name: 'Theme' }).waitFor()
  assert.equal(await item(), 'As the system')
  await press('ArrowLeft')
  assert.equal(await item(), 'Theme')
  await press('Enter', 'ArrowDown', 'Enter')
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light')
  await page.getByRole('menu').waitFor({ state: 'detached' })
  assert.equal(await focused(), 'Menu')
  await press('Enter')
  await page.getByRole('menu', { name: 'Menu' }).waitFor()
  await press('Escape')
  await page.getByRole('menu').waitFor({ state: 'detached' })
  assert.equal(await focused(), 'Menu')
  await close()
})

test('F6 goes round the parts of the page, Shift F6 the other way', { skip }, async () => {
  const { page, press, focused, text, close } = await opens()
  await press('Control+Alt+u')
  await page.getByRole('tab', { name: 'People' }).and(page.locator(':focus')).waitFor()
  await text.focus()
  // A part may take the focus with the next frame, so each step waits for where it leads.
  const goes = async (/** @type {string} */ key, /** @type {string} */ to) => {
    await press(key)
    await page.locator(`${to}:focus, ${to} :focus`).first().waitFor()
  }
  await goes('F6', '#panel')
  assert.equal(await focused(), 'People')
  await goes('F6', '#top')
  await goes('F6', '#toolbar')
  await goes('F6', '.ProseMirror')
  await goes('Shift+F6', '#toolbar')
  await close()
})

test('dialogs keep the focus, close by Escape and give it back to the text', { skip }, async () => {
  const { page, press, close } = await opens()
  await press('F6', 'F6')
  // The focus follows the keys when it can; what is focused here before that would lose it again.
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Undo')
  for (const [keys, name] of [['Control+Shift+P', 'Commands'], ['F1', 'Shortcuts'], ['Control+/', 'Shortcuts']]) {
    await page.evaluate(() => /** @type {HTMLElement} */ (document.querySelector('.ProseMirror')).focus())
    await press(keys)
    const dialog = page.getByRole('dialog', { name })
    await dialog.waitFor()
    for (let i = 0; i < 5; i++) {
      await press('Tab')
      assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement?.closest('dialog') !== null), 'the focus is in the dialog or with the browser')
    }
    await press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await page.locator('.ProseMirror:focus').waitFor()
  }
  await close()
})

test('the panel is resized and closed by keyboard', { skip }, async () => {
  const { page, press, focused, text, close } = await opens()
  await text.focus()
  await press('Control+Alt+o')
  await page.getByRole('tab', { name: 'Outline' }).and(page.locator(':focus')).waitFor()
  await press('ArrowRight')
  assert.equal(await focused(), 'People', 'round the end')
  const edge = page.getByRole('separator', { name: 'Width of the panel' })
  await edge.focus()
  const before = Number(await edge.getAttribute('aria-valuenow'))
  await press('ArrowLeft')
  await page.waitForFunction(width => Number(document.querySelector('.panel-edge')?.getAttribute('aria-valuenow')) > width, before)
  await press('Escape')
  await page.locator('.panel').waitFor({ state: 'detached' })
  await page.locator('.ProseMirror:focus').waitFor()
  await close()
})
