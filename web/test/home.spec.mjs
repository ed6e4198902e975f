// The home page and the bin in a real browser against a real server.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { launch, listens, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'
import { SHOWN, waits } from './support/timers.mjs'

/** @type {import('playwright-core').Browser} */
let browser
/** @type {import('./support/server.mjs').Server} */
let server

before(async () => {
  if (skip) return
  browser = await launch()
  server = await startServer()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** @param {string} path @param {RequestInit} [init] */
const api = async (path, init) => {
  const answer = await fetch(`${server.url}/api/v1/documents${path}`, init)
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`)
  return answer.status === 204 ? null : answer.json()
}
/** Makes a document. @param {string} title @param {Record<string, string>} [more] */
const make = (title, more) => api('', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ title, kind: 'rich', ...more }) })
/** Making a document is waited for no longer than this, in ms: its page can open without the server. */
const CREATE_PATIENCE = 3000
/** A title nobody else uses. @param {string} title */
const own = title => `${title} ${randomUUID().slice(0, 8)}`

/** Somebody on the home page. @param {string} [query] @param {import('playwright-core').BrowserContextOptions} [options] */
async function visitor(query = '', options) {
  const who = await person(browser, server.url, 'Ada', options)
  await who.page.goto(`${server.url}/${query}`)
  await who.page.locator('.foot').waitFor()
  const all = who.page.getByRole('list', { name: 'All documents' })
  return { ...who, all, link: (/** @type {string} */ title) => all.getByRole('link', { name: title }), search: who.page.getByRole('searchbox') }
}

/** @param {import('playwright-core').Locator} locator */
const isFocused = locator => locator.evaluate(element => element === document.activeElement)
/** Waits for the focus. @param {import('playwright-core').Page} page @param {string} selector */
const focusOn = (page, selector) => page.waitForFunction(wanted => document.activeElement?.matches(wanted), selector)

/** What axe-core finds wrong on a page as it is now. @param {import('playwright-core').Page} page @returns {Promise<string[]>} */
async function barriers(page) {
  await page.evaluate(await readFile(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8'))
  return page.evaluate(async () => {
    // @ts-ignore: it came with the line above
    const { violations } = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    return violations.map((/** @type {any} */ one) => `${one.id}: ${one.nodes.map((/** @type {any} */ node) => node.html).join(' ')}`)
  })
}

test('an empty server says so and offers the three kinds; each opens a new document of its kind', { skip }, async () => {
  const empty = await startServer()
  const ada = await person(browser, empty.url, 'Ada')
  await waits(ada.context, CREATE_PATIENCE)
  await ada.page.goto(empty.url)
  await ada.page.getByRole('heading', { name: 'No documents yet.' }).waitFor()
  await ada.page.getByRole('button', { name: /^Markdown/ }).click()
  await ada.page.waitForURL(/\/d\/[0-9A-Za-z]{22}\?kind=markdown$/)
  const name = new URL(ada.page.url()).pathname.slice(3)
  assert.equal((await fetch(`${empty.url}/api/v1/documents/${name}`).then(answer => answer.json())).kind, 'markdown')
  await ada.close()
  await empty.stop()
})

test('the search narrows while typing, arrow keys move through results, Enter opens', { skip }, async () => {
  const [one, other] = [own('Heron'), own('Heron in markdown')]
  const { name } = await make(one)
  await make(other, { kind: 'markdown' })
  const ada = await visitor()
  await ada.page.keyboard.press('/')
  assert.ok(await isFocused(ada.search))
  const hears = await listens(ada.page)
  await ada.page.keyboard.type('heron')
  const results = ada.page.getByRole('list', { name: 'Results' })
  await results.getByRole('link', { name: other }).waitFor()
  assert.equal(await results.getByRole('listitem').count(), 2)
  await hears('2 documents found')
  await ada.page.keyboard.type(' markdown')
  await results.getByRole('link', { name: one, exact: true }).waitFor({ state: 'detached' })
  await ada.search.fill(one)
  await ada.page.keyboard.press('ArrowDown')
  await focusOn(ada.page, '.item-link')
  await ada.page.keyboard.press('ArrowUp')
  assert.ok(await isFocused(ada.search))
  await ada.page.keyboard.press('Enter')
  await ada.page.waitForURL(`**/d/${name}`)
  await ada.close()
})

test('a link of this server opens from the search', { skip }, async () => {
  const ada = await visitor()
  await ada.search.fill(`${server.url}/d/some%20where`)
  await ada.page.getByText('This is the link of a document here.').waitFor()
  await ada.search.press('Enter')
  await ada.page.waitForURL('**/d/some%20where')
  await ada.close()
})

test('a search without hits says so and makes a document of that title', { skip }, async () => {
  const title = own('Zebra crossing')
  const ada = await visitor(`?query=${encodeURIComponent(title)}`)
  await waits(ada.context, CREATE_PATIENCE)
  await ada.page.getByText(`Nothing matches “${title}”.`).waitFor()
  await ada.page.getByRole('button', { name: `New document “${title}”` }).click()
  await ada.page.waitForURL(/\/d\//)
  assert.equal((await api(`/${new URL(ada.page.url()).pathname.slice(3)}`)).title, title)
  await ada.close()
})

test('a document is renamed in its place, and Escape leaves it as it was', { skip }, async () => {
  const [before, after] = [own('Draft'), own('Final')]
  const { name } = await make(before)
  const ada = await visitor()
  await ada.link(before).focus()
  await ada.page.keyboard.press('F2')
  await ada.page.getByRole('textbox', { name: 'Title' }).fill('never')
  await ada.page.keyboard.press('Escape')
  assert.ok(await isFocused(ada.link(before)))
  await ada.page.keyboard.press('F2')
  await ada.page.getByRole('textbox', { name: 'Title' }).fill(after)
  await ada.page.keyboard.press('Enter')
  await ada.link(after).waitFor()
  assert.ok(await isFocused(ada.link(after)))
  assert.equal((await api(`/${name}`)).title, after)
  await ada.close()
})

test('the menu works by keyboard, copies and exports', { skip }, async () => {
  const title = own('Recipe')
  await make(title)
  const ada = await visitor()
  const more = ada.all.getByRole('button', { name: `Actions for ${title}` })
  await more.focus()
  await ada.page.keyboard.press('Enter')
  await focusOn(ada.page, '[role=menuitem]')
  await ada.page.keyboard.press('Escape')
  assert.ok(await isFocused(more))
  await ada.page.keyboard.press('Enter')
  await ada.page.getByRole('menuitem', { name: 'Duplicate' }).press('Enter')
  await ada.link(`Copy of ${title}`).waitFor()
  await ada.all.getByRole('link', { name: title, exact: true }).press('Shift+F10')
  await focusOn(ada.page, '[role=menuitem]')
  await ada.page.getByRole('menuitem', { name: 'Export as' }).click()
  const saving = ada.page.waitForEvent('download')
  await ada.page.getByRole('menuitem', { name: 'Markdown' }).click()
  assert.equal((await saving).suggestedFilename(), `${title}.md`)
  await ada.close()
})

test('a deleted document can be taken back at once; the focus goes to its neighbour', { skip }, async () => {
  const title = own('Regret')
  const { name } = await make(title)
  await make(own('Neighbour'))
  const ada = await visitor()
  await waits(ada.context, SHOWN.offer)
  await ada.link(title).focus()
  await ada.page.keyboard.press('Delete')
  await ada.link(title).waitFor({ state: 'detached' })
  await focusOn(ada.page, '.item-link')
  await ada.page.getByText(`“${title}” is in the bin`).first().waitFor()
  assert.equal((await fetch(`${server.url}/api/v1/documents/${name}`)).status, 410)
  await ada.page.getByRole('button', { name: 'Undo' }).click()
  await ada.link(title).waitFor()
  assert.equal((await api(`/${name}`)).deleted, null)
  await ada.close()
})

test('the bin gives back and deletes for ever, after asking', { skip }, async () => {
  const [back, gone] = [own('Back'), own('Gone')]
  const made = [await make(back), await make(gone)]
  for (const { name } of made) await api(`/${name}`, { method: 'DELETE' })
  const ada = await visitor()
  await ada.page.getByRole('link', { name: 'Bin' }).click()
  const restore = ada.page.getByRole('button', { name: `Restore: ${back}` })
  await restore.waitFor()
  assert.match(await ada.page.getByRole('listitem').filter({ has: restore }).innerText(), /deleted now\s+30 days left/)
  await restore.click()
  await restore.waitFor({ state: 'detached' })
  assert.equal((await api(`/${made[0].name}`)).deleted, null)

  const forever = ada.page.getByRole('button', { name: `Delete for ever: ${gone}` })
  assert.deepEqual(await barriers(ada.page), [])
  await forever.click()
  await ada.page.getByRole('dialog').waitFor()
  assert.deepEqual(await barriers(ada.page), [])
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  await forever.click()
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Delete for ever' }).click()
  await forever.waitFor({ state: 'detached' })
  assert.equal((await fetch(`${server.url}/api/v1/documents/${made[1].name}`)).status, 404)
  await ada.close()
})

test('files become documents, and each that cannot says why', { skip }, async () => {
  const [notes, code] = [own('notes'), `${randomUUID().slice(0, 8)}.rs`]
  const ada = await visitor()
  await ada.page.getByLabel('From file…').first().setInputFiles([
    { name: `${notes}.md`, mimeType: 'text/markdown', buffer: Buffer.from('# Hello\n\nWorld') },
    { name: code, mimeType: 'text/plain', buffer: Buffer.from('fn main() {}\n') },
    { name: 'notes.docx', mimeType: 'application/zip', buffer: Buffer.from('PK') },
  ])
  await ada.page.getByText('notes.docx cannot be read here. Save it as .html or .md first.').waitFor()
  await ada.page.getByRole('heading', { name: 'A file was not imported' }).waitFor()
  await ada.link(notes).waitFor()
  const { documents } = await api(`?query=${encodeURIComponent(code)}`)
  assert.deepEqual([documents[0].kind, documents[0].lang], ['code', 'rust'])
  const exported = await fetch(`${server.url}/api/v1/documents/${documents[0].name}/export.txt`)
  assert.equal((await exported.text()).trim(), 'fn main() {}')
  await ada.close()
})

test('a file dropped anywhere is imported and opened', { skip }, async () => {
  const title = own('dropped')
  const ada = await visitor()
  const files = await ada.page.evaluateHandle(name => {
    const data = new DataTransfer()
    data.items.add(new File(['# Dropped'], `${name}.md`))
    return data
  }, title)
  await ada.page.dispatchEvent('main', 'dragenter', { dataTransfer: files })
  await ada.page.getByText('Drop to import').waitFor()
  await ada.page.dispatchEvent('main', 'drop', { dataTransfer: files })
  await ada.page.waitForURL(/\/d\//)
  assert.equal((await api(`/${new URL(ada.page.url()).pathname.slice(3)}`)).title, title)
  await ada.close()
})

test('a saved document comes with its whole past, and a damaged one says what is wrong', { skip }, async () => {
  const poem = await readFile(new URL('../../data/poem.coscribe', import.meta.url))
  const ada = await visitor()
  ada.expects.push(/422/)
  await ada.page.getByLabel('From file…').first().setInputFiles([
    { name: 'poem.coscribe', mimeType: '', buffer: poem },
    { name: 'cut.coscribe', mimeType: '', buffer: poem.subarray(0, poem.length - 10) },
    { name: 'other.coscribe', mimeType: '', buffer: Buffer.from('A poem') },
  ])
  await ada.page.getByText('cut.coscribe cannot be read: the file ends in the middle: it was not copied or sent whole.').waitFor()
  await ada.page.getByText('other.coscribe cannot be read: this is not a saved document (.coscribe).').waitFor()
  const link = ada.page.getByRole('link', { name: 'poem.coscribe' })
  const name = /** @type {string} */ (await link.getAttribute('href')).slice(3)
  assert.equal((await api(`/${name}`)).title, 'The Last Ferry')
  await link.click()
  await ada.page.getByText('remember where we are.').first().waitFor()
  await ada.page.goto(`${server.url}/h/${name}#e=120`)
  await ada.page.getByText('The harbour puts its').first().waitFor()
  const { entries } = await api(`/${name}/history/entries?limit=1`)
  assert.equal(entries[0].author.name, 'Mara')
  await ada.close()
})

test('more documents come page by page, and the focus goes on', { skip }, async () => {
  const many = await startServer()
  for (let i = 0; i < 60; i++) await fetch(`${many.url}/api/v1/documents`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ title: `Page ${i}` }) })
  const ada = await person(browser, many.url, 'Ada')
  await ada.page.goto(many.url)
  const rows = ada.page.getByRole('list', { name: 'All documents' }).getByRole('listitem')
  await rows.nth(49).waitFor()
  await ada.page.getByRole('button', { name: 'Show more' }).click()
  await rows.nth(59).waitFor()
  await focusOn(ada.page, '.item:nth-child(51) .item-link')
  await ada.close()
  await many.stop()
})

test('the list is remembered as cards, and arrow keys move through them', { skip }, async () => {
  await make(own('Card'))
  await make(own('Card'))
  const ada = await visitor()
  await ada.page.getByRole('button', { name: 'Cards' }).click()
  await ada.page.reload()
  await ada.page.locator('.sheets[aria-labelledby=all-title]').waitFor()
  await ada.all.getByRole('link').first().focus()
  await ada.page.keyboard.press('ArrowRight')
  await focusOn(ada.page, '.item:nth-child(2) .item-link')
  await ada.close()
})

test('what changes elsewhere shows when somebody comes back to the page', { skip }, async () => {
  const ada = await visitor()
  const title = own('Meanwhile')
  await make(title)
  await ada.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await ada.link(title).waitFor()
  await ada.close()
})

test('without the server the page says so, shows what this device has, and recovers by itself', { skip }, async () => {
  const title = own('Kept')
  const { name } = await make(title)
  const ada = await visitor()
  ada.expects.push(/Failed to load resource/)
  await ada.opens(name)
  await ada.page.goto(server.url)
  await ada.page.getByRole('list', { name: 'Recent on this device' }).getByRole('link', { name: title }).waitFor()
  await ada.context.setOffline(true)
  await ada.page.getByText('You are offline. Documents on this device still open.').waitFor()
  await ada.page.getByRole('list', { name: 'Recent on this device' }).getByRole('link', { name: title }).waitFor()
  await ada.context.setOffline(false)
  await ada.page.getByText('You are offline.').waitFor({ state: 'detached' })

  await ada.context.route('**/api/v1/**', route => route.abort())
  await ada.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await ada.page.getByText('The server cannot be reached.').waitFor()
  const asking = ada.page.waitForRequest('**/api/v1/documents?*')
  await ada.page.getByRole('button', { name: 'Retry' }).click()
  await asking
  await ada.context.unroute('**/api/v1/**')
  await ada.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await ada.page.getByText('The server cannot be reached.').waitFor({ state: 'detached' })
  await ada.close()
})

test('a server that does not list opens documents by link or name', { skip }, async () => {
  const silent = await startServer(['--list-documents', 'false'])
  const ada = await person(browser, silent.url, 'Ada')
  // The browser itself logs the refusal.
  ada.expects.push(/403/)
  await ada.page.goto(silent.url)
  await ada.page.getByText('This server does not list documents. Open one by its link.').waitFor()
  const field = ada.page.getByLabel('Link or name of a document')
  await field.fill('..')
  await field.press('Enter')
  await ada.page.getByRole('alert').getByText('A name cannot be only dots.').waitFor()
  await field.fill('https://example.org/d/x')
  await field.press('Enter')
  await ada.page.getByRole('alert').getByText('This link leads to another site.').waitFor()
  await field.fill(`${silent.url}/d/meeting%20notes`)
  await field.press('Enter')
  await ada.page.waitForURL('**/d/meeting%20notes')
  await ada.close()
  await silent.stop()
})

test('every state is accessible in both themes', { skip }, async () => {
  await make(own('Axe'))
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    const ada = await visitor('', { colorScheme })
    const check = async (/** @type {string} */ what) => assert.deepEqual(await barriers(ada.page), [], `${what}, ${colorScheme}`)
    await check('list')
    await ada.page.getByRole('button', { name: 'Cards' }).click()
    await check('cards')
    await ada.all.getByRole('button', { name: /^Actions for/ }).first().click()
    await ada.page.getByRole('menu').waitFor()
    await check('menu')
    await ada.page.keyboard.press('Escape')
    await ada.search.fill('no such thing')
    await check('no hits')
    await ada.close()
  }
})

test('the page speaks German, at once and on every page', { skip }, async () => {
  const ada = await visitor()
  // The browser itself logs that the address leads nowhere.
  ada.expects.push(/404/)
  await ada.page.getByRole('combobox', { name: 'Language' }).selectOption('de')
  await ada.page.getByRole('heading', { name: 'Alle Dokumente' }).waitFor()
  await ada.page.goto(`${server.url}/no/such/page`)
  await ada.page.getByRole('heading', { name: 'Hier ist nichts.' }).waitFor()
  await ada.close()
})
