// Carets of two people in both kinds of editor: where others see them, and that nobody's edit moves mine.
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

/** @param {string} name @param {string} where @param {string} [kind] */
async function opens(name, where, kind = 'rich') {
  const one = await person(browser, server.url, name)
  await one.opens(where, `?kind=${kind}`)
  return one
}

/** Types into whatever has the caret, and reads all: where the caret was shows in the text. @param {import('./support/people.mjs').Person} who */
const marksCaret = async who => {
  await who.page.keyboard.type('¦')
  const text = await who.reads()
  await who.page.keyboard.press('Backspace')
  return text
}

/** The text before a person's caret in its block, as another sees it. @param {import('./support/people.mjs').Person} who @param {string} name */
const textBeforeCaret = (who, name) => who.page.evaluate(name => {
  const caret = [...document.querySelectorAll('.remote-caret')].find(one => one.textContent?.includes(name))
  const block = caret?.closest('p, h1, h2, li, pre, .cm-line')
  if (!caret || !block) return null
  const range = document.createRange()
  range.setStart(block, 0)
  range.setEndBefore(caret)
  return range.toString()
}, name)

for (const kind of ['rich', 'markdown']) {
  test(`a name at the edge of a narrow page is whole (${kind})`, { skip }, async () => {
    const linus = await person(browser, server.url, 'Linus Chan', { viewport: { width: 390, height: 800 } })
    await linus.opens(`edge-${kind}`, `?kind=${kind}`)
    const ada = await opens('Ada Byron the Elder', `edge-${kind}`, kind)
    await ada.text.click()
    await ada.text.pressSequentially('Almost as wide as the little page')
    await linus.sees('page')
    await linus.page.waitForFunction(() => {
      const flag = document.querySelector('.remote-flag')?.getBoundingClientRect()
      const caret = document.querySelector('.remote-caret')?.getBoundingClientRect()
      // Where it would not fit, it has turned: it ends at the caret.
      return flag && caret && caret.left + flag.width > innerWidth && flag.left >= 0 && flag.right <= innerWidth
    })
    await linus.close()
    await ada.close()
  })

  test(`a caret is shown where its owner is, with a name, and goes when they leave (${kind})`, { skip }, async () => {
    const ada = await opens('Ada Byron', `carets-${kind}`, kind)
    await ada.text.click()
    await ada.text.pressSequentially('first line\nsecond line')
    await ada.isSaved()
    const linus = await opens('Linus Chan', `carets-${kind}`, kind)
    await linus.sees('second line')
    await linus.page.waitForFunction(() => document.querySelector('.remote-flag')?.textContent === 'Ada Byron')
    await linus.text.click()
    await linus.page.keyboard.press('Control+Home')
    for (let i = 0; i < 5; i++) await linus.page.keyboard.press('ArrowRight')
    await ada.page.waitForFunction(() => document.querySelector('.remote-caret'))
    await ada.page.waitForFunction(() => {
      const caret = document.querySelector('.remote-caret')
      const range = document.createRange()
      range.setStart(/** @type {Node} */ (caret?.closest('p, .cm-line')), 0)
      range.setEndBefore(/** @type {Node} */ (caret))
      return range.toString() === 'first'
    })
    assert.equal(await textBeforeCaret(ada, 'Linus'), 'first')
    await linus.page.keyboard.press('Shift+End')
    await ada.page.locator('.remote-selection', { hasText: ' line' }).waitFor()
    await linus.close()
    await ada.page.locator('.remote-caret').waitFor({ state: 'detached' })
    await ada.close()
  })
}

test('a caret stays in its block when somebody makes it another kind of block', { skip }, async () => {
  const ada = await opens('Ada Byron', 'kinds')
  await ada.text.click()
  await ada.text.pressSequentially('one\ntwo words here\nthree')
  await ada.isSaved()
  const linus = await opens('Linus Chan', 'kinds')
  await linus.sees('three')
  await ada.text.locator('p', { hasText: 'two' }).click()
  await ada.page.keyboard.press('Home')
  for (let i = 0; i < 3; i++) await ada.page.keyboard.press('ArrowRight')
  await linus.text.locator('p', { hasText: 'two' }).click()
  for (const { page } of [ada, linus]) await drawn(page)
  /** @type {[string, string][]} */
  const changes = [['Control+Alt+2', 'h2'], ['Control+Alt+0', 'p'], ['Control+Shift+8', 'li'], ['Control+Shift+8', 'p'], ['Control+Shift+b', 'blockquote'], ['Control+Shift+b', 'p'], ['Control+Alt+c', 'pre'], ['Control+Alt+c', 'p']]
  for (const [keys, becomes] of changes) {
    await linus.page.keyboard.press(keys)
    await ada.text.locator(becomes, { hasText: 'two words' }).first().waitFor()
    await ada.page.waitForFunction(kind => {
      const block = document.querySelector('.ProseMirror')?.querySelectorAll(kind)
      return [...(block ?? [])].some(one => one.textContent?.includes('two words'))
    }, becomes)
    assert.match(await marksCaret(ada), /two¦ words here/, `after ${keys}`)
    await ada.isSaved()
    await linus.page.waitForFunction(() => !document.querySelector('.ProseMirror')?.textContent?.includes('¦'))
    await linus.sees('two words here')
  }
  await ada.close()
  await linus.close()
})

test("others' edits in my paragraph do not move my caret or selection", { skip }, async () => {
  const ada = await opens('Ada Byron', 'paragraph')
  await ada.text.click()
  await ada.text.pressSequentially('alpha beta gamma')
  await ada.isSaved()
  const linus = await opens('Linus Chan', 'paragraph')
  await linus.sees('gamma')
  for (let i = 0; i < 6; i++) await ada.page.keyboard.press('ArrowLeft')
  await linus.text.click()
  await linus.page.keyboard.press('Control+Home')
  await drawn(linus.page)
  await linus.page.keyboard.type('before ')
  await linus.page.keyboard.press('End')
  await drawn(linus.page)
  await linus.page.keyboard.type(' after')
  await ada.sees('before alpha beta gamma after')
  assert.equal(await marksCaret(ada), 'before alpha beta¦ gamma after')
  await ada.page.keyboard.press('Control+Shift+ArrowLeft')
  await linus.page.keyboard.press('Control+Home')
  await drawn(linus.page)
  await linus.page.keyboard.type('again ')
  await ada.sees('again before')
  await ada.page.keyboard.type('BETA')
  await linus.sees('again before alpha BETA gamma after')
  await ada.close()
  await linus.close()
})

test('jumping to a person scrolls to them and leaves my caret', { skip }, async () => {
  const ada = await opens('Ada Byron', 'jump')
  await ada.text.click()
  await ada.page.evaluate(() => {
    const { editor } = /** @type {any} */ (document.querySelector('.ProseMirror'))
    editor.commands.setContent(Array.from({ length: 120 }, (_, i) => `<p>paragraph ${i}</p>`).join(''))
  })
  await ada.isSaved()
  const linus = await opens('Linus Chan', 'jump')
  await linus.sees('paragraph 119')
  await linus.text.click()
  await linus.page.keyboard.press('Control+End')
  // Linus has been elsewhere on the way: his place at the end is known when his caret is seen there.
  await ada.page.keyboard.press('Control+End')
  await ada.page.locator('.ProseMirror p', { hasText: 'paragraph 119', has: ada.page.locator('.remote-caret') }).waitFor()
  await ada.page.keyboard.press('Control+Home')
  await ada.page.waitForFunction(() => (document.querySelector('.ProseMirror p')?.getBoundingClientRect().bottom ?? 0) > 0)
  await ada.page.getByRole('button', { name: /Linus Chan/ }).first().click()
  const inSight = ada.page.waitForFunction(() => {
    const place = document.querySelector('.remote-caret')?.getBoundingClientRect()
    return place && place.top > 0 && place.bottom < innerHeight
  })
  await inSight
  await ada.page.evaluate(() => /** @type {HTMLElement} */ (document.querySelector('.ProseMirror')).focus({ preventScroll: true }))
  assert.match(await marksCaret(ada), /^¦paragraph 0/)
  await ada.close()
  await linus.close()
})
