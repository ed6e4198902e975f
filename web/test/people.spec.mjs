// Other people, in real browsers: who is listed, jumping to and following somebody, what is told about them.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { launch, listens, person } from './support/people.mjs'
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

/** @param {string} name @param {string} where @param {import('playwright-core').BrowserContextOptions} [options] */
async function opens(name, where, options) {
  const one = await person(browser, server.url, name, options)
  await one.opens(where, '?kind=markdown')
  return one
}

/** Runs in the page: whether the line with this text is in view. @param {string} text */
function isInView(text) {
  const scroller = /** @type {HTMLElement} */ (document.querySelector('.cm-scroller')).getBoundingClientRect()
  return [...document.querySelectorAll('.cm-line')].some(line => {
    const { top, bottom } = line.getBoundingClientRect()
    return line.textContent?.includes(text) && top >= scroller.top - 1 && bottom <= scroller.bottom + 1
  })
}

/** A long document with Ada at its top and Mia at its end. @param {string} where */
async function apart(where) {
  const ada = await opens('Ada Byron', where)
  await ada.text.click()
  await ada.page.keyboard.insertText(`# Top\n${Array.from({ length: 120 }, (_, line) => `line ${line}.`).join('\n')}\n# Bottom\nlast words`)
  await ada.text.press('Control+Home')
  await ada.isSaved()
  const mia = await opens('Mia Chen', where)
  await mia.sees('# Top')
  await mia.text.click()
  await mia.text.press('Control+End')
  await ada.page.getByRole('button', { name: 'Jump to Mia Chen' }).waitFor()
  // Her name is here before her caret is where she went.
  await ada.text.press('Control+End')
  await ada.page.locator('.cm-line', { hasText: 'last words' }).locator('.remote-caret').waitFor({ state: 'attached' })
  await ada.text.press('Control+Home')
  return { ada, mia }
}

test('everybody is listed once, in a look of their own; tabs of one person are one', { skip }, async () => {
  const where = randomUUID()
  const people = []
  for (const name of ['Ada', 'Mia', 'Linus', 'Grace', 'Alan', 'Edsger', 'Barbara']) people.push(await opens(name, where))
  const [ada] = people
  await ada.page.getByRole('button', { name: '3 more people' }).waitFor()
  const second = await people[1].context.newPage()
  await second.goto(`${server.url}/d/${where}`)
  await second.locator('.cm-content').waitFor()
  await ada.page.keyboard.press('Control+Alt+u')
  await ada.page.getByText('7 people are here').waitFor()
  assert.equal(await ada.page.locator('.person').count(), 7)
  // Who came last may still give way to somebody whose hue it took.
  for (const look of ['hue', 'shape']) await ada.page.waitForFunction(look => new Set([...document.querySelectorAll('.person .face')].map(face => face.outerHTML.match(new RegExp(`${look}-\\d`))?.[0])).size === 7, look)
  const looks = await ada.page.locator('.person .face').evaluateAll(faces => faces.map(face => `${face.className.match(/hue-\d/)} ${face.querySelector('.shape')?.className.match(/shape-\d/)}`))
  assert.equal(new Set(looks.map(look => look.split(' ')[0])).size, 7, looks.join())
  assert.equal(new Set(looks.map(look => look.split(' ')[1])).size, 7, looks.join())
  await second.close()
  for (const one of people.slice(1)) await one.close()
  await ada.page.getByText('One person is here').waitFor()
  await ada.close()
})

test('a click on a face shows where that person is and leaves my caret where it was', { skip }, async () => {
  const { ada, mia } = await apart(randomUUID())
  assert.equal(await ada.page.evaluate(isInView, 'last words'), false)
  await ada.page.getByRole('button', { name: 'Jump to Mia Chen' }).first().click()
  await ada.page.waitForFunction(isInView, 'last words')
  await ada.page.keyboard.press('F6')
  await ada.page.keyboard.press('F6')
  await ada.page.locator('.cm-content:focus').waitFor()
  await ada.page.keyboard.type('mine ')
  await mia.text.press('Control+Home')
  await mia.sees('mine # Top')
  await ada.close()
  await mia.close()
})

test('following keeps a person in view until I scroll, type or press Escape', { skip }, async () => {
  const { ada, mia } = await apart(randomUUID())
  await ada.page.keyboard.press('Control+Alt+u')
  const follow = ada.page.locator('.person').getByRole('button', { name: 'Follow Mia Chen' })
  const banner = ada.page.getByText('Following Mia Chen', { exact: true })
  const ends = [
    () => ada.page.keyboard.press('Escape'),
    async () => {
      await ada.page.locator('.cm-content').hover()
      await ada.page.mouse.wheel(0, -40)
    },
    async () => {
      await ada.text.focus()
      await ada.page.keyboard.type('x')
    },
    () => ada.page.locator('.following').getByRole('button', { name: 'Stop' }).click(),
  ]
  for (const end of ends) {
    await mia.text.press('Control+End')
    await follow.click()
    await banner.waitFor()
    await ada.page.waitForFunction(isInView, 'last words')
    await mia.text.press('Control+Home')
    await ada.page.waitForFunction(isInView, '# Top')
    await mia.text.press('Control+End')
    await ada.page.waitForFunction(isInView, 'last words')
    await end()
    await banner.waitFor({ state: 'detached' })
    if (!(await follow.isVisible())) await ada.page.keyboard.press('Control+Alt+u')
  }
  // Whom nobody follows any more moves nothing.
  const top = () => ada.page.evaluate(() => document.querySelector('.cm-scroller')?.scrollTop)
  const before = await top()
  await mia.text.press('Control+Home')
  await mia.text.pressSequentially('here ')
  await ada.page.getByRole('button', { name: 'Follow Mia Chen' }).first().waitFor()
  await ada.page.locator('.person-note', { hasText: 'in “Bottom”' }).waitFor({ state: 'detached' })
  assert.equal(await top(), before)
  await mia.close()
  await ada.close()
})

test('following ends when the person leaves', { skip }, async () => {
  const { ada, mia } = await apart(randomUUID())
  await ada.page.keyboard.press('Control+Alt+u')
  await ada.page.locator('.person').getByRole('button', { name: 'Follow Mia Chen' }).click()
  await ada.page.getByText('Following Mia Chen', { exact: true }).waitFor()
  const hears = await listens(ada.page)
  await mia.close()
  await ada.page.getByText('Following Mia Chen', { exact: true }).waitFor({ state: 'detached' })
  await hears('Mia Chen left')
  await ada.close()
})

test('the panel tells in which section people are and what they did; a sentence tells where everyone is', { skip }, async () => {
  const { ada, mia } = await apart(randomUUID())
  await ada.page.keyboard.press('Control+Alt+u')
  await ada.page.getByText('in “Bottom”').waitFor()
  const hears = await listens(ada.page)
  await ada.page.keyboard.press('Control+Alt+w')
  await hears('Mia Chen is in the section Bottom.')
  const log = ada.page.getByRole('log', { name: 'Recent activity' })
  // What Mia did before the record was kept is not in it.
  await mia.text.pressSequentially(' more')
  await log.getByText('Mia Chen is editing the section').first().waitFor()
  assert.equal(await log.getAttribute('aria-live'), 'polite')
  await ada.page.getByRole('radio', { name: 'Off' }).check()
  assert.equal(await log.getAttribute('aria-live'), 'off')
  await ada.page.getByRole('radio', { name: 'Each' }).check()
  const linus = await opens('Linus', await ada.page.evaluate(() => location.pathname.slice(3)))
  await log.getByText('Linus joined').waitFor()
  await linus.close()
  await log.getByText('Linus left').waitFor()
  await ada.close()
  await mia.close()
})

test('who changes their name is renamed for everybody, and stays so on this device', { skip }, async () => {
  const where = randomUUID()
  const ada = await opens('Ada', where)
  const mia = await opens('Mia', where)
  await ada.page.getByRole('button', { name: 'Ada, you' }).click()
  await ada.page.getByRole('button', { name: 'Rename' }).click()
  await ada.page.getByRole('textbox', { name: 'Your name' }).fill('Ada Lovelace')
  await ada.page.keyboard.press('Enter')
  await mia.page.getByRole('button', { name: 'Jump to Ada Lovelace' }).waitFor()
  await ada.page.reload()
  await ada.page.getByRole('button', { name: 'Ada Lovelace, you' }).waitFor()
  await ada.close()
  await mia.close()
})

test('the outline leads to headings and marks the one my caret is under', { skip }, async () => {
  const { ada, mia } = await apart(randomUUID())
  await ada.page.keyboard.press('Control+Alt+o')
  const outline = ada.page.getByRole('navigation', { name: 'Outline' })
  await outline.locator('[aria-current]', { hasText: 'Top' }).waitFor()
  await outline.getByRole('button', { name: 'Bottom' }).click()
  await ada.page.waitForFunction(isInView, '# Bottom')
  await outline.locator('[aria-current]', { hasText: 'Bottom' }).waitFor()
  await mia.text.pressSequentially('\n# New one')
  await outline.getByRole('button', { name: 'New one' }).waitFor()
  await ada.close()
  await mia.close()
})
