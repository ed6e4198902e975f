// What stands around the editor, in a real browser: title, kind, menu, palette, language, theme, layout.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { drawn, launch, listens, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'
import { SHOWN, waits } from './support/timers.mjs'

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

/** @param {string} name @param {string} where @param {string} [query] @param {import('playwright-core').BrowserContextOptions} [options] */
async function opens(name, where, query, options) {
  const one = await person(browser, server.url, name, options)
  await one.opens(where, query)
  return one
}

test('a title is edited in place, live for everybody, and taken back by Escape', { skip }, async () => {
  const where = randomUUID()
  const ada = await opens('Ada', where)
  const mia = await opens('Mia', where)
  const title = ada.page.getByRole('textbox', { name: 'Title' })
  assert.equal(await title.getAttribute('placeholder'), 'Untitled')
  assert.equal(await ada.page.title(), 'Untitled · Coscribe')
  await title.fill('Plan for the launch')
  await title.press('Enter')
  await mia.page.waitForFunction(() => document.title === 'Plan for the launch · Coscribe')
  assert.equal(await mia.page.getByRole('textbox', { name: 'Title' }).inputValue(), 'Plan for the launch')
  await title.fill('Something else')
  await title.press('Escape')
  assert.equal(await title.inputValue(), 'Plan for the launch')
  await ada.page.locator('.ProseMirror:focus').waitFor()
  // What is being typed is not taken away by what another names it.
  await title.fill('Mine')
  await mia.page.getByRole('textbox', { name: 'Title' }).fill('Theirs')
  await mia.page.keyboard.press('Enter')
  await ada.page.waitForFunction(() => document.title === 'Theirs · Coscribe')
  assert.equal(await title.inputValue(), 'Mine')
  await title.press('Enter')
  await mia.page.waitForFunction(() => document.title === 'Mine · Coscribe')
  await ada.close()
  await mia.close()
})

test('opening a document writes nothing; its first edit says what it is, and others open it as that', { skip }, async () => {
  const where = randomUUID()
  const ada = await opens('Ada', where, '?kind=markdown')
  const mia = await opens('Mia', where)
  await ada.page.getByText('Markdown', { exact: true }).waitFor()
  await mia.page.locator('#editor[data-kind=rich] .ProseMirror').waitFor()
  await ada.text.pressSequentially('# Hello')
  await mia.page.locator('#editor[data-kind=markdown] .cm-content').waitFor()
  await mia.sees('# Hello')
  await mia.page.locator('.kind', { hasText: 'Markdown' }).waitFor()
  await mia.close()
  // This device remembers, and asks for the right editor at once.
  const again = await opens('Ada', where)
  await again.page.locator('.cm-content').waitFor()
  await ada.close()
  await again.close()
})

test('the palette finds commands, headings and people, runs them, and remembers', { skip }, async () => {
  const where = randomUUID()
  const ada = await opens('Ada', where)
  await ada.text.pressSequentially('## Goals\nWords')
  const mia = await opens('Mia Chen', where)
  await ada.page.getByRole('button', { name: 'Jump to Mia Chen' }).waitFor()
  const { page } = ada
  const asks = async (/** @type {string} */ query) => {
    await page.keyboard.press('Control+Shift+P')
    const field = page.getByRole('combobox', { name: 'Commands' })
    await field.fill(query)
    return field
  }
  const field = await asks('hea3')
  const chosen = page.getByRole('option', { selected: true })
  assert.equal(await chosen.textContent(), 'Heading 3TextCtrl+Alt+3')
  assert.equal(await field.getAttribute('aria-activedescendant'), await chosen.getAttribute('id'))
  await field.press('Enter')
  await page.locator('.ProseMirror h3', { hasText: 'Words' }).waitFor()
  await asks('divider')
  await page.keyboard.press('Enter')
  await page.locator('.ProseMirror hr').waitFor()
  await asks('')
  await page.getByText('Used lately').waitFor()
  assert.match(await page.getByRole('option').first().textContent() ?? '', /^Divider/)
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await asks('goals')
  assert.match(await page.getByRole('option').first().textContent() ?? '', /^Goals/)
  await page.keyboard.press('Enter')
  await asks('follow mia')
  await page.keyboard.press('Enter')
  await page.getByText('Following Mia Chen', { exact: true }).waitFor()
  await asks('zzzz')
  await page.getByText('Nothing is called “zzzz”.').waitFor()
  await page.keyboard.press('Escape')
  await ada.close()
  await mia.close()
})

test('the language changes live, everywhere, and lasts', { skip }, async () => {
  const ada = await opens('Ada', randomUUID())
  const { page } = ada
  await ada.text.pressSequentially('x')
  await ada.isSaved()
  await page.getByRole('button', { name: 'Menu' }).click()
  await page.getByRole('menuitem', { name: 'Language' }).click()
  await page.getByRole('menuitemradio', { name: 'Deutsch' }).click()
  await page.getByRole('button', { name: 'Menü' }).waitFor()
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'de')
  await page.getByRole('toolbar', { name: 'Formatierung' }).getByRole('button', { name: 'Fett' }).waitFor()
  await page.getByText('Zum Dokument springen').waitFor({ state: 'attached' })
  await page.getByRole('textbox', { name: 'Titel' }).waitFor()
  await page.locator('.status', { hasText: 'Gespeichert' }).waitFor()
  assert.equal(await page.title(), 'Ohne Titel · Coscribe')
  await page.keyboard.press('F1')
  await page.getByRole('dialog', { name: 'Tastenkürzel' }).getByText('Strg+Umschalt+P').waitFor()
  await page.keyboard.press('Escape')
  await page.reload()
  await page.getByRole('button', { name: 'Menü' }).waitFor()
  await ada.close()
})

test('theme and width are chosen per device and are there from the first paint', { skip }, async () => {
  const ada = await opens('Ada', randomUUID())
  const { page } = ada
  const choose = async (/** @type {string} */ group, /** @type {RegExp | string} */ item) => {
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('menuitem', { name: group }).click()
    await page.locator('.menu').getByText(item, { exact: true }).click()
    await page.locator('.menu').waitFor({ state: 'detached' })
  }
  await choose('Theme', 'Dark')
  await choose('View', 'Full width')
  const look = () => page.evaluate(() => [getComputedStyle(document.documentElement).colorScheme, document.documentElement.classList.contains('is-wide')])
  assert.deepEqual(await look(), ['dark', true])
  // Before any module has run: what the first paint sees.
  await page.route('**/src/pages/document.js', route => route.abort())
  await page.route('**/joined/**', route => route.abort())
  ada.expects.push(/ERR_FAILED/)
  await page.reload()
  assert.deepEqual(await look(), ['dark', true])
  await ada.close()
})

test('Control S tells the truth, and no dialog of the browser opens', { skip }, async () => {
  const ada = await opens('Ada', randomUUID())
  await ada.text.pressSequentially('kept')
  await ada.isSaved()
  await waits(ada.context, SHOWN.message)
  const hears = await listens(ada.page)
  await ada.page.keyboard.press('Control+s')
  await ada.page.locator('.toast', { hasText: 'Already saved' }).waitFor()
  await hears('Already saved')
  await ada.close()
})

test('a document is exported, duplicated, and moved to the bin, from which home takes it back', { skip }, async () => {
  const where = randomUUID()
  const ada = await opens('Ada', where)
  const { page } = ada
  await waits(ada.context, SHOWN.offer)
  await ada.text.pressSequentially('# Kept words')
  await page.getByRole('textbox', { name: 'Title' }).fill('Notes')
  await page.keyboard.press('Enter')
  await ada.isSaved()
  const choose = async (/** @type {string[]} */ ...names) => {
    await page.getByRole('button', { name: 'Menu', exact: true }).click()
    for (const name of names) await page.getByRole('menuitem', { name }).click()
  }
  const [file] = await Promise.all([page.waitForEvent('download'), choose('Export as', 'Markdown')])
  assert.equal(file.suggestedFilename(), 'Notes.md')
  assert.match(await readFile(await file.path(), 'utf8'), /# Kept words/)
  await choose('Duplicate')
  await page.locator('.toast').getByRole('button', { name: 'Open' }).click()
  await page.waitForURL(url => !url.pathname.includes(where))
  await ada.sees('Kept words')
  await ada.opens(where)
  await ada.isSaved()
  await choose('Move to bin')
  await page.waitForURL(`${server.url}/`)
  await page.locator('.toast', { hasText: '“Notes” is in the bin' }).getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('link', { name: 'Notes', exact: true }).or(page.getByRole('link', { name: /^Notes/ })).first().waitFor()
  await ada.opens(where)
  await ada.sees('Kept words')
  await ada.close()
})

test('nothing shifts while the page loads, and nothing wraps or is cut off', { skip }, async () => {
  const where = randomUUID()
  const first = await opens('Ada', where)
  await first.text.pressSequentially('# A plan\nWords')
  await first.page.getByRole('textbox', { name: 'Title' }).fill('A plan of some length')
  await first.page.keyboard.press('Enter')
  await first.isSaved()
  await first.close()
  for (const viewport of [{ width: 1280, height: 800 }, { width: 760, height: 700 }, { width: 390, height: 844 }, { width: 320, height: 640 }]) {
    const one = await person(browser, server.url, 'Mia', { viewport, hasTouch: viewport.width < 500, isMobile: viewport.width < 500 })
    await one.page.addInitScript(() => {
      Object.assign(globalThis, { shifts: [] })
      new PerformanceObserver(list => /** @type {any} */ (globalThis).shifts.push(...list.getEntries().map(entry => /** @type {any} */ (entry)).map(entry => ({ value: entry.value, what: entry.sources.map((/** @type {any} */ source) => source.node?.className) })))).observe({ type: 'layout-shift', buffered: true })
    })
    await one.opens(where)
    await one.isSaved()
    await one.page.getByRole('toolbar').getByRole('button').first().waitFor()
    // The window of a phone grows with what is too wide for it.
    const found = await one.page.evaluate(wide => {
      const box = (/** @type {string} */ selector) => document.querySelector(selector)?.getBoundingClientRect()
      const out = [...document.querySelectorAll('.bar *')].filter(part => {
        const { left, right, width } = part.getBoundingClientRect()
        return width > 0 && getComputedStyle(part).visibility === 'visible' && (left < -1 || right > wide + 1)
      })
      const items = [...document.querySelectorAll('.toolbar button')].filter(button => getComputedStyle(button).visibility === 'visible')
      return {
        shifts: /** @type {any} */ (globalThis).shifts,
        bar: box('.bar')?.height,
        rows: new Set(items.map(item => Math.round(item.getBoundingClientRect().top + item.getBoundingClientRect().height / 2))).size,
        out: out.map(part => part.outerHTML.slice(0, 80)),
        overflow: document.documentElement.scrollWidth > wide,
      }
    }, viewport.width)
    assert.deepEqual(found, { shifts: [], bar: 52, rows: 1, out: [], overflow: false }, `${viewport.width} wide`)
    await one.close()
  }
})

test('what does not fit into the toolbar is in its menu, and works from there', { skip }, async () => {
  const ada = await opens('Ada', randomUUID(), '', { viewport: { width: 620, height: 700 } })
  await ada.text.pressSequentially('words')
  const toolbar = ada.page.getByRole('toolbar')
  const more = toolbar.getByRole('button', { name: 'More' })
  assert.equal(await toolbar.getByRole('button', { name: 'Quote', exact: true }).count(), 0, 'it is not among what can be reached')
  await more.click()
  await ada.page.getByRole('menuitemcheckbox', { name: 'Quote' }).click()
  await ada.page.locator('.ProseMirror blockquote').waitFor()
  await ada.page.setViewportSize({ width: 1280, height: 700 })
  await toolbar.getByRole('button', { name: 'Quote', exact: true, pressed: true }).waitFor()
  assert.equal(await more.count(), 0)
  await ada.close()
})

test('on a phone the toolbar is at the foot, and the text ends above it', { skip }, async () => {
  const ada = await opens('Ada', randomUUID(), '', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
  await ada.text.tap()
  await ada.page.keyboard.insertText(Array.from({ length: 60 }, (_, line) => `line ${line}`).join('\n'))
  await ada.page.keyboard.press('Control+End')
  await drawn(ada.page)
  const places = await ada.page.evaluate(() => {
    const toolbar = /** @type {HTMLElement} */ (document.querySelector('.tools')).getBoundingClientRect()
    const caret = getSelection()?.getRangeAt(0).getBoundingClientRect()
    const small = [...document.querySelectorAll('.tools button, .bar button')].filter(button => button.checkVisibility() && button.getBoundingClientRect().height < 44 && !button.matches('.face'))
    return { toolbar: [Math.round(toolbar.top), Math.round(toolbar.bottom)], caret: Math.round(caret?.bottom ?? 0), small: small.map(button => button.outerHTML) }
  })
  assert.equal(places.toolbar[1], 844)
  assert.ok(places.caret <= places.toolbar[0], `${places.caret} is under the toolbar at ${places.toolbar[0]}`)
  assert.deepEqual(places.small, [])
  // A keyboard that covers the page instead of making it smaller.
  await ada.page.evaluate(() => {
    Object.defineProperty(visualViewport, 'height', { value: 500, configurable: true })
    visualViewport?.dispatchEvent(new Event('resize'))
  })
  assert.equal(await ada.page.evaluate(() => Math.round(document.querySelector('.tools')?.getBoundingClientRect().bottom ?? 0)), 500)
  await ada.close()
})
