// The server dies while two people type, and comes back: `COSCRIBE_BIN=target/release/coscribe npm run browser`.
// The store is read before any page may reconnect, because a page would heal a loss and hide it.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { chromium } from 'playwright-core'
import * as Y from 'yjs'

const bin = process.env.COSCRIBE_BIN
const skip = bin ? false : 'set COSCRIBE_BIN to the server program'
const QUIET = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** A port that is free now. @returns {Promise<number>} */
const freePort = () => new Promise((resolve, reject) => {
  const probe = createServer()
  probe.on('error', reject)
  probe.listen(0, '127.0.0.1', () => {
    const address = probe.address()
    probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
  })
})

/** Starts the server and waits until it says it is ready. @param {number} port @param {string} data */
async function serve(port, data) {
  const server = spawn(String(bin), ['serve', '--listen', `127.0.0.1:${port}`, '--data', data], { stdio: 'ignore' })
  for (;;) {
    assert.equal(server.exitCode, null, 'the server has stopped')
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(answer => answer.ok, () => false)
    if (ready) return server
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** What a dead server left on disk. @param {string} data */
function stored(data) {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, execFileSync(String(bin), ['export', 'hello', '--data', data], { stdio: ['ignore', 'pipe', 'inherit'] }))
  return doc.getText('text').toString()
}

/** Runs in the page: whether the text holds this, not counting the names on other people's carets. @param {string} part */
function readsLike(part) {
  const text = /** @type {HTMLElement | undefined} */ (document.querySelector('.cm-content')?.cloneNode(true))
  text?.querySelectorAll('.remote-caret').forEach(caret => caret.remove())
  return text?.textContent?.includes(part)
}

test('a killed server loses nothing that was saved, and nothing that was typed', { skip, timeout: 60_000 }, async () => {
  const data = mkdtempSync(join(tmpdir(), 'coscribe-browser-'))
  const port = await freePort()
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: QUIET })
  let server = await serve(port, data)
  const open = async () => {
    const page = await (await browser.newContext()).newPage()
    await page.goto(`http://127.0.0.1:${port}/d/hello`)
    return { page, text: page.getByLabel('Document text'), status: page.locator('.status') }
  }
  try {
    const [ada, linus] = [await open(), await open()]
    await ada.text.pressSequentially('saved before. ')
    await ada.page.locator('.status[data-status=saved]').waitFor()
    const typing = ada.text.pressSequentially('typed while the server dies. ', { delay: 20 })
    await new Promise(resolve => setTimeout(resolve, 200))
    server.kill('SIGKILL')
    await new Promise(resolve => server.once('exit', resolve))
    await typing
    await ada.page.locator('.status[data-status=offline]').waitFor()
    await linus.page.locator('.status[data-status=offline]').waitFor()
    // At the start, so that neither text ends up in the middle of the other.
    await linus.text.press('Control+Home')
    await linus.text.pressSequentially('Linus was offline.')

    assert.match(stored(data), /^saved before\. /)
    server = await serve(port, data)
    await ada.page.locator('.status[data-status=saved]').waitFor()
    await linus.page.locator('.status[data-status=saved]').waitFor()
    for (const { page } of [ada, linus]) {
      for (const part of ['saved before. ', 'typed while the server dies. ', 'Linus was offline.']) {
        await page.waitForFunction(readsLike, part.trim())
      }
    }
    server.kill('SIGKILL')
    await new Promise(resolve => server.once('exit', resolve))
    for (const part of ['saved before. ', 'typed while the server dies. ', 'Linus was offline.']) {
      assert.ok(stored(data).includes(part), part)
    }
  } finally {
    server.kill('SIGKILL')
    await browser.close()
    rmSync(data, { recursive: true, force: true })
  }
})
