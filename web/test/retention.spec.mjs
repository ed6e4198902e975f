// A past whose beginning was removed, as its reader finds it: the timeline says where it begins, nothing of before can be
// gone to, and versions from before can still be brought back.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'
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

test('a timeline whose beginning was removed says so, and brings a version from before back', { skip }, async () => {
  const api = `${server.url}/api/v1/documents/kept`
  const by = await writer(server.port, 'kept', { kind: 'markdown' })
  for (const text of ['a slip', 'as agreed', 'as it is now']) {
    by.doc.transact(() => {
      by.text.delete(0, by.text.length)
      by.text.insert(0, text)
    })
    await by.saved()
  }
  const { entries } = await asked(`${api}/history/entries`)
  await asked(`${api}/versions`, 'POST', { name: 'As agreed', seq: entries.at(-2).seq })
  await asked(`${api}/history/retention`, 'PUT', { policy: 'versions' })
  by.close()
  // It is looked for what is no longer kept when a server starts.
  await server.kill()
  await server.restart()
  while (!(await asked(`${api}/history/retention`)).begins) await new Promise(resolve => setTimeout(resolve, 50))

  const ada = await person(browser, server.url, 'Ada')
  await ada.page.goto(`${server.url}/h/kept`)
  await ada.page.getByText('Earlier edits were removed by retention').waitFor()
  await ada.page.waitForFunction(() => document.querySelector('.is-past .cm-line')?.textContent === 'as it is now')
  const pack = Buffer.from(await (await fetch(`${api}/history`)).arrayBuffer())
  assert.ok(!pack.includes('slip') && !pack.includes('agreed'))

  await ada.page.getByRole('button', { name: 'Versions' }).click()
  await ada.page.getByRole('button', { name: /^As agreed/ }).click()
  const dialog = ada.page.getByRole('dialog')
  await dialog.waitFor()
  await dialog.getByRole('button', { name: 'Restore' }).click()
  while ((await fetch(`${api}/content.txt`).then(answer => answer.text())).trim() !== 'as agreed') await new Promise(resolve => setTimeout(resolve, 50))
  await ada.close()
})

/** @param {string} url @param {string} [method] @param {object} [body] @returns {Promise<any>} */
async function asked(url, method = 'GET', body) {
  const answer = await fetch(url, { method, headers: { 'Content-Type': 'application/json' }, body: body ? JSON.stringify(body) : null })
  assert.ok(answer.ok, `${method} ${url}: ${answer.status} ${answer.ok ? '' : await answer.text()}`)
  return answer.json()
}
