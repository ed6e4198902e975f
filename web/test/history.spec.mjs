// The timeline against a real server: any moment, comparing, following, going back to the document, and authors' colours in it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readPack } from '../src/history/pack.js'
import { drawn, launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'
import { SHOWN, waits } from './support/timers.mjs'
import { writer } from './support/writer.mjs'

/** @typedef {import('./support/people.mjs').Person} Person */

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

/** @param {Person} who */
const thumb = who => who.page.getByRole('slider', { name: 'Moment' })
/** What the timeline shows. @param {Person} who */
const shown = who => who.page.evaluate(() => [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.is-past :is(.cm-line, p, h1, h2, h3, pre)'))].map(block => block.textContent).join('\n'))
/** @param {Person} who @param {string} text */
const shows = (who, text) => who.page.waitForFunction(part => document.querySelector('.is-past')?.textContent?.includes(part), text)
/** @param {Person} who @param {string} text */
const isShown = (who, text) => who.page.waitForFunction(whole => [...document.querySelectorAll('.is-past :is(.cm-line, p, h1, h2, h3, pre)')].map(block => block.textContent).join('\n') === whole, text)
/** @param {Person} who @param {string} document @param {string} [hash] */
async function looksAt(who, document, hash = '') {
  await who.page.goto(`${server.url}/about`)
  await who.page.goto(`${server.url}/h/${encodeURIComponent(document)}${hash}`)
}

/** A text that is written in steps, one entry each. @param {string} document @param {'markdown' | 'code'} kind @param {string[]} texts */
async function written(document, kind, texts) {
  const by = await writer(server.port, document, { kind })
  by.pointsAt('Grace', 0)
  for (const text of texts) {
    by.doc.transact(() => {
      by.text.delete(0, by.text.length)
      by.text.insert(0, text)
    })
    await by.saved()
  }
  return by
}

test('every moment of a document can be gone to by keys, and the address says which it is', { skip }, async () => {
  const by = await written('steps', 'markdown', ['one', 'one two', 'one two three'])
  const ada = await person(browser, server.url, 'Ada')
  await looksAt(ada, 'steps')
  await isShown(ada, 'one two three')
  await thumb(ada).focus()
  await ada.page.keyboard.press('ArrowLeft')
  await isShown(ada, 'one two')
  await ada.page.keyboard.press('ArrowLeft')
  await isShown(ada, 'one')
  const spoken = await thumb(ada).getAttribute('aria-valuetext')
  const [, row] = /, edit (\d) of \d by /.exec(spoken ?? '') ?? assert.fail(`the moment is read as ${spoken}`)
  // The address follows after a moment; until then it names the one before.
  const { entries } = await fetch(`${server.url}/api/v1/documents/steps/history/entries`).then(answer => answer.json())
  const link = `#e=${entries[Number(row) - 1].seq}`
  await ada.page.waitForURL(url => url.hash === link)
  await ada.page.keyboard.press('Home')
  await isShown(ada, '')
  await ada.page.keyboard.press('End')
  await isShown(ada, 'one two three')
  await looksAt(ada, 'steps', link)
  await isShown(ada, 'one')
  await ada.page.getByRole('button', { name: 'Next edit' }).click()
  await isShown(ada, 'one two')
  await ada.close()
  by.close()
})

test('a timeline that is looked at goes on with the document, but not away from a moment that was chosen', { skip }, async () => {
  const by = await written('followed', 'markdown', ['first'])
  const ada = await person(browser, server.url, 'Ada')
  await looksAt(ada, 'followed')
  await isShown(ada, 'first')
  by.text.insert(5, ' second')
  await isShown(ada, 'first second')
  await thumb(ada).focus()
  await ada.page.keyboard.press('ArrowLeft')
  await isShown(ada, 'first')
  const before = Number(await thumb(ada).getAttribute('max'))
  by.text.insert(0, 'zeroth ')
  await ada.page.waitForFunction(before => Number(document.querySelector('.past-thumb')?.getAttribute('max')) > before, before)
  assert.equal(await shown(ada), 'first')
  await ada.close()
  by.close()
})

test('two moments of a rich document: what came and went is told apart, listed, and gone to', { skip }, async () => {
  const [ada, linus] = [await person(browser, server.url, 'Ada'), await person(browser, server.url, 'Linus')]
  for (const one of [ada, linus]) await one.opens('compared', '?kind=rich')
  await ada.text.click()
  await ada.page.keyboard.type('The old harbour')
  await ada.isSaved()
  await linus.sees('harbour')
  await linus.text.click()
  await linus.page.keyboard.press('Control+End')
  await linus.page.keyboard.type(' at night')
  await linus.isSaved()
  await ada.sees('at night')
  await ada.page.keyboard.press('Control+Home')
  for (let key = 0; key < 4; key += 1) await ada.page.keyboard.press('Delete')
  await ada.isSaved()
  const reader = await person(browser, server.url, 'Grace')
  await looksAt(reader, 'compared')
  await isShown(reader, 'old harbour at night')
  await reader.page.locator('.is-past .by[title=Linus]', { hasText: 'at night' }).waitFor()
  const pack = readPack(new Uint8Array(await (await fetch(`${server.url}/api/v1/documents/compared/history`)).arrayBuffer()))
  const byLinus = [...pack.authors].findIndex(author => pack.users[author].name === 'Linus')
  const half = pack.seqs[byLinus - 1]
  await looksAt(reader, 'compared', `#e=${half}..${pack.last}`)
  await reader.page.locator('.is-past del', { hasText: 'The ' }).waitFor()
  assert.equal(await reader.page.locator('.is-past ins').allTextContents().then(all => all.join('')), ' at night')
  const changes = reader.page.getByRole('list').filter({ hasText: 'Linus inserted' }).getByRole('button')
  await changes.first().waitFor()
  assert.equal(await changes.count(), 2)
  await reader.page.keyboard.press('F7')
  await reader.page.locator('.is-past .is-looked', { hasText: 'The' }).first().waitFor()
  await reader.page.keyboard.press('F7')
  await reader.page.locator('.is-past .is-looked', { hasText: 'at night' }).first().waitFor()
  await reader.page.getByRole('button', { name: 'Linus', exact: false, pressed: true }).first().click()
  await reader.page.waitForFunction(() => document.querySelectorAll('.past-change').length === 1)
  await reader.page.getByRole('button', { name: 'Stop comparing' }).click()
  await isShown(reader, 'old harbour at night')
  for (const one of [ada, linus, reader]) await one.close()
})

test('code is played to its end, and compared side by side', { skip }, async () => {
  const by = await written('played', 'code', ['let a', 'let a = 1', 'let a = 1\nlet b = 2', 'let a = 1\nlet b = 3'])
  const ada = await person(browser, server.url, 'Ada')
  await looksAt(ada, 'played')
  await isShown(ada, 'let a = 1\nlet b = 3')
  await ada.page.getByRole('combobox', { name: 'Speed' }).selectOption('max')
  await ada.page.locator('body').press('Home')
  await isShown(ada, '')
  await ada.page.locator('body').press(' ')
  await isShown(ada, 'let a = 1\nlet b = 3')
  await ada.page.getByRole('button', { name: 'Play', exact: true }).waitFor()
  await ada.page.getByRole('button', { name: 'Compare', exact: true }).click()
  await ada.page.getByRole('button', { name: 'Side by side' }).click()
  await ada.page.getByLabel('After', { exact: true }).filter({ hasText: 'let b = 3' }).waitFor()
  await ada.page.getByLabel('Before', { exact: true }).waitFor()
  await ada.close()
  by.close()
})

test('the past opens over the document and leaves it as it was', { skip }, async () => {
  const ada = await person(browser, server.url, 'Ada')
  await ada.opens('in-place', '?kind=rich')
  await ada.text.click()
  await ada.page.keyboard.type('Some words')
  await ada.isSaved()
  await ada.page.evaluate(() => Object.assign(document.querySelector('.ProseMirror') ?? {}, { marked: true }))
  await ada.page.keyboard.press('Control+Alt+h')
  await shows(ada, 'Some words')
  assert.equal(new URL(ada.page.url()).pathname, '/h/in-place')
  await ada.page.getByRole('link', { name: 'Back to the document' }).click()
  await ada.page.locator('.past').waitFor({ state: 'detached' })
  assert.equal(new URL(ada.page.url()).pathname, '/d/in-place')
  await ada.page.keyboard.type(' more')
  await ada.sees('Some words more')
  assert.ok(await ada.page.evaluate(() => /** @type {any} */ (document.querySelector('.ProseMirror')).marked), 'it is the same editor')
  await ada.isSaved()
  await ada.page.getByRole('button', { name: 'History' }).click()
  await shows(ada, 'Some words more')
  await ada.page.goBack()
  await ada.page.locator('.past').waitFor({ state: 'detached' })
  await ada.close()
})

for (const kind of ['rich', 'markdown']) {
  test(`${kind}: everybody's words take their colour, those of people who left as well, and those that are typed now`, { skip }, async () => {
    const document = `coloured-${kind}`
    const [ada, linus] = [await person(browser, server.url, 'Ada'), await person(browser, server.url, 'Linus')]
    for (const one of [ada, linus]) await one.opens(document, `?kind=${kind}`)
    await linus.text.click()
    await linus.page.keyboard.type('from Linus ')
    await linus.isSaved()
    await ada.sees('from Linus')
    await linus.close()
    await ada.text.click()
    await ada.page.keyboard.press('Control+End')
    await ada.page.keyboard.type('and Ada')
    await ada.isSaved()
    await ada.page.locator('.bar [aria-haspopup=menu]').click()
    await ada.page.getByRole('menuitem', { name: 'View' }).click()
    await ada.page.getByRole('menuitemcheckbox', { name: 'Colours of authors' }).click()
    await ada.page.locator('.by-live[title=Linus]', { hasText: 'from Linus' }).waitFor()
    await ada.page.locator('.by-live[title=Ada]', { hasText: 'and Ada' }).waitFor()
    await ada.text.click()
    await ada.page.keyboard.press('Control+End')
    await ada.page.keyboard.type(' now')
    await ada.page.locator('.by-live[title=Ada]', { hasText: 'and Ada now' }).waitFor()
    await ada.page.keyboard.press('Control+Alt+u')
    await ada.page.getByRole('heading', { name: 'Written by' }).waitFor()
    assert.deepEqual((await ada.page.locator('.author-legend li').allTextContents()).map(text => text.trim()).sort(), ['Ada', 'Linus'])
    await ada.isSaved()
    await ada.close()
  })
}

test('a moment is named, found again by its name, restored for everybody, and made a document of its own', { skip }, async () => {
  const by = await written('restored', 'markdown', ['as it was meant', 'as it was spoiled'])
  const [ada, linus] = [await person(browser, server.url, 'Ada'), await person(browser, server.url, 'Linus')]
  await linus.opens('restored', '?kind=markdown')
  for (const shown of Object.values(SHOWN)) await waits(ada.context, shown)
  await ada.opens('restored', '?kind=markdown')
  await ada.page.keyboard.press('Control+Alt+h')
  await isShown(ada, 'as it was spoiled')
  await ada.page.keyboard.press('ArrowLeft')
  await isShown(ada, 'as it was meant')
  await ada.page.getByRole('button', { name: 'Name this version' }).click()
  await ada.page.getByRole('textbox', { name: 'Name of the version' }).fill('The good one')
  await ada.page.keyboard.press('Enter')
  await ada.page.getByText('“The good one” is kept as a version').first().waitFor()
  await ada.page.locator('body').press('End')
  await isShown(ada, 'as it was spoiled')
  await ada.page.getByRole('button', { name: 'Versions' }).click()
  await ada.page.getByRole('button', { name: /^The good one/ }).click()
  await isShown(ada, 'as it was meant')
  await ada.page.locator('body').press('End')
  await ada.page.locator('body').press('[')
  await isShown(ada, 'as it was meant')
  await ada.page.getByRole('button', { name: 'Rename The good one' }).click()
  await ada.page.getByRole('textbox', { name: 'Name of the version' }).fill('The best one')
  await ada.page.keyboard.press('Enter')
  await ada.page.getByRole('button', { name: /^The best one/ }).waitFor()
  await ada.page.getByRole('button', { name: 'More about this moment' }).click()
  await ada.page.getByRole('menuitem', { name: 'Open as a new document' }).click()
  await ada.page.locator('.toast', { hasText: 'Copied' }).waitFor()
  await ada.page.getByRole('button', { name: 'Restore', exact: true }).click()
  await ada.page.getByRole('button', { name: 'Restore this moment' }).click()
  await ada.page.locator('.past').waitFor({ state: 'detached' })
  for (const one of [ada, linus]) await one.sees('as it was meant')
  await ada.page.locator('.toast', { hasText: 'Restored to' }).getByRole('button', { name: 'Undo' }).click()
  for (const one of [ada, linus]) await one.sees('as it was spoiled')
  await ada.page.keyboard.press('Control+Alt+h')
  await isShown(ada, 'as it was spoiled')
  await ada.page.locator('body').press('[')
  await isShown(ada, 'as it was meant')
  await ada.page.getByRole('button', { name: 'Restore', exact: true }).click()
  await ada.page.getByRole('button', { name: 'Restore this moment' }).click()
  await ada.page.locator('.past').waitFor({ state: 'detached' })
  for (const one of [ada, linus]) await one.sees('as it was meant')
  await ada.page.keyboard.press('Control+Alt+h')
  await isShown(ada, 'as it was meant')
  await ada.page.getByRole('button', { name: 'Versions' }).click()
  await ada.page.getByRole('button', { name: 'Delete The best one' }).click()
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await ada.page.getByRole('button', { name: /^The best one/ }).waitFor({ state: 'detached' })
  for (const one of [ada, linus]) await one.close()
  by.close()
})

test('who restores on the page of the timeline stays there, and may take it back', { skip }, async () => {
  const by = await written('restored-there', 'markdown', ['first words', 'other words'])
  const ada = await person(browser, server.url, 'Ada')
  for (const shown of Object.values(SHOWN)) await waits(ada.context, shown)
  await looksAt(ada, 'restored-there')
  await isShown(ada, 'other words')
  await ada.page.waitForFunction(() => location.hash.startsWith('#e='))
  const newest = await ada.page.evaluate(() => location.hash)
  await ada.page.locator('body').press('ArrowLeft')
  await isShown(ada, 'first words')
  await ada.page.getByRole('button', { name: 'Restore', exact: true }).click()
  await ada.page.getByRole('button', { name: 'Restore this moment' }).click()
  await ada.page.locator('.toast', { hasText: 'Restored to' }).waitFor()
  await ada.page.waitForFunction(before => Number(location.hash.slice(3)) > Number(before.slice(3)), newest)
  await isShown(ada, 'first words')
  await ada.page.locator('.toast').getByRole('button', { name: 'Undo' }).click()
  await ada.page.locator('.toast', { hasText: 'Taken back' }).waitFor()
  await isShown(ada, 'other words')
  await ada.close()
  by.close()
})

test('who comes to nothing is told why: an empty document, none at all, and no server', { skip }, async () => {
  const by = await writer(server.port, 'nothing-yet')
  const ada = await person(browser, server.url, 'Ada')
  ada.expects.push(/404|Failed to load resource|ERR_INTERNET_DISCONNECTED/)
  await looksAt(ada, 'nothing-yet')
  await ada.page.getByRole('heading', { name: /Nothing was written yet|has no history/ }).waitFor()
  await looksAt(ada, 'never-was')
  await ada.page.getByRole('heading', { name: 'This document has no history.' }).waitFor()
  await ada.opens('away', '?kind=markdown')
  await ada.text.click()
  await ada.page.keyboard.type('here')
  await ada.isSaved()
  await ada.page.route('**/api/v1/documents/away/history*', route => route.abort('internetdisconnected'))
  await looksAt(ada, 'away')
  await ada.page.getByRole('heading', { name: /cannot be reached/ }).waitFor()
  await ada.page.unroute('**/api/v1/documents/away/history*')
  await ada.page.getByRole('button', { name: 'Try again' }).click()
  await isShown(ada, 'here')
  await ada.close()
  by.close()
})

test('nothing of the timeline is fetched before somebody asks for it', { skip }, async () => {
  const ada = await person(browser, server.url, 'Ada')
  /** @type {string[]} */
  const asked = []
  ada.page.on('request', request => asked.push(new URL(request.url()).pathname))
  await ada.opens('unasked', '?kind=rich')
  await ada.text.click()
  await ada.page.keyboard.type('words')
  await ada.isSaved()
  await drawn(ada.page)
  assert.deepEqual(asked.filter(path => /\/history\/|worker\.js|past\.js|past-/.test(path)), [])
  await ada.close()
})
