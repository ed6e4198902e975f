// The server dies while two people type, and comes back. The store is read before any page may reconnect, because a
// page would heal a loss and hide it.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import * as Y from 'yjs'
import { launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'

/** What a dead server left on disk of the document `hello`. @param {string} data @param {string} kind */
function stored(data, kind) {
  const doc = new Y.Doc()
  const update = execFileSync(String(process.env.COSCRIBE_BIN), ['export', 'hello', '--data', join(data, 'store')], { stdio: ['ignore', 'pipe', 'inherit'] })
  Y.applyUpdate(doc, update)
  return kind === 'rich' ? doc.getXmlFragment('default').toString() : doc.getText('text').toString()
}

for (const kind of ['rich', 'markdown']) {
  test(`${kind}: a killed server loses nothing that was saved, and nothing that was typed`, { skip }, async () => {
    const server = await startServer()
    const browser = await launch()
    const open = async (/** @type {string} */ name) => {
      const one = await person(browser, server.url, name)
      // A server that is gone is what this is about.
      one.expects.push(/ERR_CONNECTION|WebSocket|Failed to load resource/)
      await one.opens('hello', `?kind=${kind}`)
      await one.text.click()
      return one
    }
    try {
      const [ada, linus] = [await open('Ada Byron'), await open('Linus Chan')]
      await ada.page.keyboard.type('saved before. ')
      await ada.isSaved()
      const typing = ada.page.keyboard.type('typed while the server dies. ', { delay: 20 })
      await linus.sees('typed')
      await server.kill()
      await typing
      for (const { page } of [ada, linus]) await page.locator('.status[data-status=offline]').waitFor()
      // At the start, so that neither text ends up in the middle of the other.
      await linus.page.keyboard.press('Control+Home')
      await linus.page.keyboard.type('Linus was offline.')

      assert.match(stored(server.data, kind), /saved before\. /)
      await server.restart()
      const parts = ['saved before.', 'typed while the server dies.', 'Linus was offline.']
      for (const one of [ada, linus]) {
        await one.isSaved()
        for (const part of parts) await one.sees(part)
      }
      await server.kill()
      for (const part of parts) assert.ok(stored(server.data, kind).includes(part), part)
      for (const one of [ada, linus]) await one.close()
    } finally {
      await browser.close()
      await server.stop()
    }
  })
}
