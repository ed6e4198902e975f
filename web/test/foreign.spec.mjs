// Other apps on the same document: Tiptap's own collaboration demo with the HocuspocusProvider, and a plain
// y-prosemirror page. Same content, marks kept, carets seen both ways.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
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

/** Opens a foreign app on a document, in a page of the server's origin. @param {'tiptap' | 'prosemirror'} app @param {string} address of its sockets @param {string} name */
async function opensForeign(app, address, name) {
  const { outputFiles } = await build({ entryPoints: [fileURLToPath(new URL(`foreign/${app}.js`, import.meta.url))], bundle: true, write: false, format: 'esm', logLevel: 'error' })
  const context = await browser.newContext({ bypassCSP: true })
  const page = await context.newPage()
  /** @type {string[]} */
  const errors = []
  page.on('pageerror', error => errors.push(String(error)))
  // A page that really comes from the server's address, as browsers guard sockets to this machine.
  await page.goto(`${server.url}/404.html#${encodeURIComponent(address)}#${encodeURIComponent(name)}`)
  await page.evaluate(() => document.body.replaceChildren())
  await page.addScriptTag({ content: outputFiles[0].text, type: 'module' })
  await page.locator('.ProseMirror').waitFor()
  return {
    page,
    close: async () => {
      await context.close()
      assert.deepEqual(errors, [])
    },
  }
}

const socketsOf = (/** @type {string} */ url) => url.replace(/^http/, 'ws')

/** The document as JSON, without what is only a default. @param {import('playwright-core').Page} page */
const content = page => page.evaluate(() => /** @type {any} */ ((/** @type {any} */ (document.querySelector('.ProseMirror')).editor ?? /** @type {any} */ (globalThis).view).state.doc.toJSON()))

/** Runs in the page until both show the same. @param {import('playwright-core').Page} page @param {string} part */
const sees = (page, part) => page.waitForFunction(part => {
  const text = /** @type {HTMLElement} */ (document.querySelector('.ProseMirror')?.cloneNode(true))
  text.querySelectorAll('.remote-caret, .ProseMirror-yjs-cursor').forEach(caret => caret.remove())
  return text.textContent?.includes(part)
}, part)

test("Tiptap's collaboration demo edits the same document beside the app", { skip }, async () => {
  const ada = await person(browser, server.url, 'Ada Byron')
  await ada.opens('beside tiptap', '?kind=rich')
  await ada.text.click()
  await ada.text.pressSequentially('# Title\nWith **bold** and *italic* and `code` and https://example.org/a inside\n- one\ntwo\n\n[ ] task\n\n> quote\n\n```\ncode()')
  await ada.isSaved()
  const other = await opensForeign('tiptap', `${socketsOf(server.url)}/ws`, 'beside tiptap')
  await sees(other.page, 'code()')
  assert.deepEqual(await content(other.page), await content(ada.page))

  await other.page.locator('h1').click()
  await other.page.evaluate(image => {
    const { editor } = /** @type {any} */ (globalThis)
    editor.commands.insertContentAt(editor.state.doc.content.size, '<h2>Theirs</h2><p>with <strong>strong</strong>, <mark>marked</mark> and <a href="https://example.org/b">linked</a></p><table><tr><th>a</th></tr><tr><td>b</td></tr></table>' + `<img src="${image}" alt="the mark">`)
    editor.commands.setTextSelection(3)
  }, `${server.url}/icon.svg`)
  await ada.sees('linked')
  await ada.page.locator('.remote-flag', { hasText: 'Tiptap' }).waitFor({ state: 'attached' })
  await other.page.locator('.ProseMirror-yjs-cursor', { hasText: 'Ada Byron' }).waitFor({ state: 'attached' })
  await ada.text.locator('h2').click()
  await ada.page.keyboard.press('End')
  await ada.page.keyboard.type(' and mine')
  await sees(other.page, 'Theirs and mine')
  assert.equal(await ada.page.locator('.ProseMirror').getAttribute('role'), 'textbox')
  // Their highlight knows no colour, ours does; nothing else may differ.
  const plain = (/** @type {unknown} */ json) => JSON.parse(JSON.stringify(json).replaceAll(',"attrs":{"color":null}', ''))
  assert.deepEqual(plain(await content(other.page)), plain(await content(ada.page)))
  await ada.close()
  await other.close()
})

test('a plain y-prosemirror page edits the same document beside the app', { skip }, async () => {
  const ada = await person(browser, server.url, 'Ada Byron')
  await ada.opens('beside plain', '?kind=rich')
  await ada.text.click()
  await ada.text.pressSequentially('# Title\nWith **bold** and *italic* words')
  await ada.isSaved()
  const other = await opensForeign('prosemirror', `${socketsOf(server.url)}/ws`, 'beside plain')
  await sees(other.page, 'words')
  await other.page.locator('p').click()
  await other.page.keyboard.press('End')
  await other.page.keyboard.type(' and theirs')
  await ada.sees('italic words and theirs')
  await other.page.evaluate(() => {
    const { view } = /** @type {any} */ (globalThis)
    view.dispatch(view.state.tr.addMark(1, 4, view.state.schema.marks.italic.create()))
  })
  await ada.text.locator('h1 em', { hasText: 'Tit' }).waitFor()
  await ada.page.locator('.remote-flag', { hasText: 'Plain' }).waitFor({ state: 'attached' })
  await ada.page.keyboard.press('Control+Home')
  await ada.page.keyboard.type('My ')
  await sees(other.page, 'My Title')
  assert.deepEqual(await content(other.page), await content(ada.page))
  await other.page.locator('.ProseMirror-yjs-cursor', { hasText: 'Ada Byron' }).waitFor({ state: 'attached' })
  await ada.close()
  await other.close()
})
