// Somebody changes the document fifty times a second: what I see, where my caret is, and the menu I have open stay.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { drawn, launch, person } from './support/people.mjs'
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

const PARAGRAPHS = 120
/** Edits in one flood, at fifty a second. */
const EDITS = 100

/** @param {string} where */
async function two(where) {
  const ada = await person(browser, server.url, 'Ada Byron')
  await ada.opens(where, '?kind=rich')
  await ada.text.click()
  await ada.page.evaluate(count => {
    const { editor } = /** @type {any} */ (document.querySelector('.ProseMirror'))
    editor.commands.setContent(Array.from({ length: count }, (_, i) => `<p>paragraph ${i}</p>`).join(''))
  }, PARAGRAPHS)
  await ada.isSaved()
  const linus = await person(browser, server.url, 'Linus Chan')
  await linus.opens(where, '?kind=rich')
  await linus.sees(`paragraph ${PARAGRAPHS - 1}`)
  return { ada, linus }
}

/** Changes the start of the document and the block after `near`, again and again. @param {import('./support/people.mjs').Person} who @param {string} near */
const floods = (who, near) => who.page.evaluate(({ edits, near }) => new Promise(resolve => {
  const { editor } = /** @type {any} */ (document.querySelector('.ProseMirror'))
  let made = 0
  const timer = setInterval(() => {
    const { tr, schema } = editor.state
    if (made % 4 === 0) {
      tr.insert(0, schema.nodes.paragraph.create(null, schema.text(`flood ${made} with words enough for a line`)))
    } else if (made % 4 === 1) {
      editor.state.doc.forEach((/** @type {any} */ node, /** @type {number} */ at) => node.textContent.startsWith(near) && tr.setNodeMarkup(at, schema.nodes[node.type.name === 'heading' ? 'paragraph' : 'heading'], node.type.name === 'heading' ? null : { level: 2 }))
    } else {
      tr.insertText('x', 1)
    }
    editor.view.dispatch(tr)
    if (++made < edits) return
    clearInterval(timer)
    resolve(undefined)
  }, 20)
}), { edits: EDITS, near })

/** The flood is over: the one has all that the other wrote, and has drawn it. @param {import('./support/people.mjs').Person} one @param {import('./support/people.mjs').Person} other */
async function hasPassed(one, other) {
  await other.isSaved()
  const written = await other.page.evaluate(() => /** @type {any} */ (document.querySelector('.ProseMirror')).editor.state.doc.textContent)
  await one.page.waitForFunction(written => /** @type {any} */ (document.querySelector('.ProseMirror')).editor.state.doc.textContent === written, written)
  await drawn(one.page)
}

/** Where a paragraph is in the window. @param {import('./support/people.mjs').Person} who @param {string} text */
const topOf = (who, text) => who.page.evaluate(text => {
  const found = [...document.querySelectorAll('.ProseMirror > *')].find(one => one.textContent?.startsWith(text))
  return Math.round(found?.getBoundingClientRect().top ?? -1)
}, text)

test("a flood above moves neither what I read nor my caret", { skip }, async () => {
  const { ada, linus } = await two('above')
  await ada.text.locator('p', { hasText: 'paragraph 60' }).click()
  await ada.page.keyboard.press('End')
  await drawn(ada.page)
  const before = await topOf(ada, 'paragraph 60')
  await floods(linus, 'paragraph 3')
  await hasPassed(ada, linus)
  assert.ok(Math.abs((await topOf(ada, 'paragraph 60')) - before) <= 2, `from ${before} to ${await topOf(ada, 'paragraph 60')}`)
  await ada.page.keyboard.type(' my end')
  await linus.sees('paragraph 60 my end')
  await ada.close()
  await linus.close()
})

test('the first visible block stays where it is when I only read', { skip }, async () => {
  const { ada, linus } = await two('reading')
  await ada.page.evaluate(() => {
    const scroller = document.querySelector('.rich-scroll')
    ;[...document.querySelectorAll('.ProseMirror > p')].find(one => one.textContent === 'paragraph 80')?.scrollIntoView()
    scroller?.scrollBy(0, 7)
    const { editor } = /** @type {any} */ (document.querySelector('.ProseMirror'))
    editor.view.dom.blur()
  })
  await drawn(ada.page)
  const before = await topOf(ada, 'paragraph 81')
  await floods(linus, 'paragraph 3')
  await hasPassed(ada, linus)
  assert.ok(Math.abs((await topOf(ada, 'paragraph 81')) - before) <= 2, `from ${before} to ${await topOf(ada, 'paragraph 81')}`)
  await ada.close()
  await linus.close()
})

test('a flood does not close the / menu, nor move it or its choice', { skip }, async () => {
  const { ada, linus } = await two('menu')
  await ada.text.locator('p', { hasText: 'paragraph 60' }).click()
  await ada.page.keyboard.press('End')
  await ada.page.keyboard.press('Enter')
  await ada.page.keyboard.type('/list')
  const menu = ada.page.getByRole('listbox', { name: 'Blocks' })
  await menu.waitFor()
  await ada.page.keyboard.press('ArrowDown')
  const chosen = await menu.getByRole('option', { selected: true }).textContent()
  await drawn(ada.page)
  const before = await menu.boundingBox()
  await floods(linus, 'paragraph 60')
  await hasPassed(ada, linus)
  const now = await menu.boundingBox()
  assert.equal(await menu.getByRole('option', { selected: true }).textContent(), chosen)
  assert.ok(before && now && Math.abs(now.y - before.y) <= 2 && now.x === before.x, `${before?.y} ${now?.y}`)
  await ada.page.keyboard.press('Enter')
  await ada.text.locator('ol li').waitFor({ state: 'attached' })
  assert.equal((await ada.reads()).includes('/list'), false)
  await ada.close()
  await linus.close()
})

test('a flood does not close the bubble at my selection, nor change what is selected', { skip }, async () => {
  const { ada, linus } = await two('bubble')
  await ada.text.locator('p', { hasText: 'paragraph 60' }).dblclick({ position: { x: 20, y: 12 } })
  const bubble = ada.page.getByRole('toolbar', { name: 'Format the selection' })
  await bubble.waitFor()
  await drawn(ada.page)
  const before = await bubble.boundingBox()
  await floods(linus, 'paragraph 3')
  await hasPassed(ada, linus)
  const now = await bubble.boundingBox()
  assert.ok(before && now && Math.abs(now.y - before.y) <= 3 && Math.abs(now.x - before.x) <= 3)
  await bubble.getByRole('button', { name: 'Bold' }).click()
  await linus.page.locator('.ProseMirror p', { hasText: 'paragraph 60' }).locator('strong', { hasText: 'paragraph' }).waitFor({ state: 'attached' })
  await ada.close()
  await linus.close()
})
