// A rich document with everything in it, written by keyboard and toolbar, leaves through the menu as each kind of
// file and comes back through home as it was.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'

/** @typedef {import('./support/people.mjs').Person} Person */

/** @type {import('playwright-core').Browser} */
let browser
/** @type {import('./support/server.mjs').Server} */
let server
/** @type {Person} */
let ada
/** @type {any} as Tiptap has it */
let original

before(async () => {
  if (skip) return
  server = await startServer()
  browser = await launch()
  ada = await person(browser, server.url, 'Ada Byron')
  await ada.opens('everything', '?kind=rich')
  await writeEverything(ada)
  original = await content(ada)
})
after(async () => {
  await ada?.close()
  await browser?.close()
  await server?.stop()
})

/** @param {Person} who */
const content = who => who.page.evaluate(() => /** @type {any} */ (document.querySelector('.ProseMirror')).editor.getJSON())

/** @param {Person} who */
async function writeEverything({ page, text, isSaved }) {
  const types = (/** @type {string} */ words) => page.keyboard.type(words)
  const press = async (/** @type {string[]} */ ...keys) => {
    for (const key of keys) await page.keyboard.press(key)
  }
  const tool = (/** @type {string} */ name) => page.getByRole('toolbar', { name: 'Formatting' }).getByRole('button', { name, exact: true }).click()
  /** Words in a format of the toolbar, or by its keys. @param {string} words @param {string} how */
  const formatted = async (words, how) => {
    const toggle = () => (how.includes('+') ? press(how) : tool(how))
    await toggle()
    await types(words)
    await toggle()
    await types(' ')
  }
  await page.getByRole('textbox', { name: 'Title' }).fill('Everything – äöü 読む')
  await press('Enter')
  await text.click()
  await types('# Heading one\n## Heading *two*\n### Third & <last>\nPlain, ')
  for (const [words, how] of [['bold', 'Bold'], ['italic', 'Control+i'], ['under', 'Control+u'], ['struck', 'Strikethrough'], ['marked', 'Highlight'], ['code *x*', 'Control+e']]) await formatted(words, how)
  await press('Control+b', 'Control+i')
  await types('both')
  await press('Control+b', 'Control+i')
  await types(' and a link')
  await press('Control+Shift+ArrowLeft', 'Control+k')
  await page.getByRole('dialog', { name: 'Link' }).getByLabel('Address').fill('https://example.org/a?b=1&c=(2)')
  await press('Enter')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await press('End')
  await types(' end.')
  await press('Shift+Enter')
  await types('1. is no list, *no stars*, _no_ [brackets](x), 2 < 3 & 5 > 4, \\ and `tick`; grüße 読む 👩‍👩‍👧\n')
  await types('- one\n')
  await press('Tab')
  await types('deeper\n')
  await press('Shift+Tab')
  await types('two\n\n1. first\nsecond\n\n[ ] open\ndone\n\n')
  await page.getByLabel('Done: done').check()
  await press('Control+End')
  await types('> quoted\nby two\n\n```python\nif a < b:\n    print("``` & <b>")')
  await press('ArrowDown')
  for (const block of ['Divider', 'Table']) {
    await types(`/${block.toLowerCase()}`)
    await page.getByRole('option', { name: block, selected: true }).waitFor()
    await press('Enter')
  }
  for (const cell of ['Where', 'When', 'Who', 'Hall | *one*', '12 March', 'Ada']) {
    await types(cell)
    await press('Tab')
  }
  // Out of the last row, and on below the table.
  await press('ArrowDown', 'ArrowDown')
  await types('before the image\n')
  await page.keyboard.press('Control+Shift+P')
  await page.getByRole('combobox', { name: 'Commands' }).fill('image')
  await press('Enter')
  const form = page.getByRole('dialog', { name: 'Image' })
  await form.getByLabel('Address of the image').fill(`${server.url}/icon.svg`)
  await form.getByLabel('What it shows').fill('A "mark" [of] ours')
  await press('Enter')
  await form.waitFor({ state: 'detached' })
  await press('ArrowRight')
  await press('Enter')
  await types('the end')
  await isSaved()
}

/** The document as a file, from the menu. @param {string} format */
async function exported(format) {
  await ada.page.getByRole('button', { name: 'Menu', exact: true }).click()
  await ada.page.getByRole('menuitem', { name: 'Export as' }).click()
  const [file] = await Promise.all([ada.page.waitForEvent('download'), ada.page.getByRole('menuitem', { name: format }).click()])
  return { path: await file.path(), name: file.suggestedFilename() }
}

/** Somebody else, in the document that home made of the file. @param {{ path: string, name: string }} file @param {'chooser' | 'drop'} way */
async function imported({ path, name }, way) {
  const buffer = await readFile(path)
  const mia = await person(browser, server.url, 'Mia Chen')
  await mia.page.goto(server.url)
  await mia.page.locator('.foot').waitFor()
  if (way === 'chooser') {
    await mia.page.getByLabel('From file…').first().setInputFiles([{ name, mimeType: 'application/octet-stream', buffer }])
  } else {
    const dataTransfer = await mia.page.evaluateHandle(({ name, bytes }) => {
      const data = new DataTransfer()
      data.items.add(new File([Uint8Array.from(bytes)], name))
      return data
    }, { name, bytes: [...buffer] })
    await mia.page.dispatchEvent('main', 'dragenter', { dataTransfer })
    await mia.page.dispatchEvent('main', 'drop', { dataTransfer })
  }
  await mia.page.waitForURL('**/d/*')
  await mia.isSaved()
  return { mia, buffer, title: await mia.page.getByRole('textbox', { name: 'Title' }).inputValue() }
}

test('what was written has every block and every format', { skip }, () => {
  /** @type {Set<string>} */
  const kinds = new Set()
  const walk = (/** @type {any} */ node) => {
    kinds.add(node.type)
    for (const mark of node.marks ?? []) kinds.add(mark.type)
    node.content?.forEach(walk)
  }
  walk(original)
  assert.deepEqual([...kinds].sort(), ['blockquote', 'bold', 'bulletList', 'code', 'codeBlock', 'doc', 'hardBreak', 'heading', 'highlight', 'horizontalRule', 'image', 'italic', 'link', 'listItem', 'orderedList', 'paragraph', 'strike', 'table', 'tableCell', 'tableHeader', 'tableRow', 'taskItem', 'taskList', 'text', 'underline'])
})

for (const [format, way] of /** @type {[string, 'chooser' | 'drop'][]} */ ([['ProseMirror JSON', 'chooser'], ['Yjs update', 'drop'], ['Web page', 'drop']])) {
  test(`${format}: the document comes back as it was`, { skip }, async () => {
    const { mia, title } = await imported(await exported(format), way)
    await mia.sees('the end')
    assert.deepEqual(await content(mia), original)
    assert.equal(title, 'Everything – äöü 読む')
    await mia.close()
  })
}

test('Markdown: comes back as its own source, and that says all that Markdown can', { skip }, async () => {
  const { mia, buffer, title } = await imported(await exported('Markdown'), 'chooser')
  await mia.page.locator('.cm-content').waitFor()
  const name = decodeURIComponent(new URL(mia.page.url()).pathname.slice(3))
  const source = await fetch(`${server.url}/api/v1/documents/${name}/export.md`).then(answer => answer.text())
  assert.equal(source, buffer.toString())
  assert.equal(title, 'Everything – äöü 読む')
  await mia.close()
  // Of this document, everything: read as a rich document it is the same again.
  const again = await fetch(`${server.url}/api/v1/documents?format=md&kind=rich`, { method: 'POST', headers: { 'Content-Type': 'text/markdown' }, body: source }).then(answer => answer.json())
  const linus = await person(browser, server.url, 'Linus')
  await linus.opens(again.name)
  await linus.sees('the end')
  assert.deepEqual(withoutTrailing(await content(linus)), withoutTrailing(original))
  await linus.close()
})

/** Markdown has no empty paragraphs. @param {any} doc */
const withoutTrailing = doc => ({ ...doc, content: doc.content.filter((/** @type {any} */ node) => node.type !== 'paragraph' || node.content) })
