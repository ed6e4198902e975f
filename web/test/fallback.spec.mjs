// Networks that let no WebSocket through: two people edit together all the same, over a server's death, and go back to
// WebSockets when these work. Also through a proxy that keeps answers until they are complete.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import * as Y from 'yjs'
import { blockSockets, requestsOf } from './support/blocked.mjs'
import { launch, person } from './support/people.mjs'
import { startProxy } from './support/proxy.mjs'
import { skip, startServer } from './support/server.mjs'
import { waits } from './support/timers.mjs'

/** A WebSocket that is not open within this, in ms, is no longer waited for alone. */
const HEAD_START = 2000
/** Later waits between looks whether WebSockets work, in ms: the longer they did not, the longer. */
const LATER_LOOKS = [20_000, 40_000, 80_000, 120_000]

/** What a dead server left on disk of the document `hello`. @param {string} data */
function stored(data) {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, execFileSync(String(process.env.COSCRIBE_BIN), ['export', 'hello', '--data', join(data, 'store')], { stdio: ['ignore', 'pipe', 'inherit'] }))
  return doc.getText('text').toString()
}

/** @param {import('./support/proxy.mjs').Sockets} sockets @param {boolean} keepsBack @param {(scene: { server: import('./support/server.mjs').Server, proxy: Awaited<ReturnType<typeof startProxy>>, ada: import('./support/people.mjs').Person, linus: import('./support/people.mjs').Person }) => Promise<void>} act */
async function behind(sockets, keepsBack, act) {
  const server = await startServer()
  const proxy = await startProxy(server.port, { sockets, keepsBack })
  const browser = await launch()
  const open = async (/** @type {string} */ name) => {
    const one = await person(browser, proxy.url, name)
    // What is blocked, and a server that is gone, are what this is about.
    one.expects.push(/WebSocket|ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|Failed to load resource/)
    for (const wait of LATER_LOOKS) await waits(one.context, wait, 10_000)
    await one.opens('hello', '?kind=markdown')
    await one.text.click()
    return one
  }
  try {
    const [ada, linus] = [await open('Ada Byron'), await open('Linus Chan')]
    await act({ server, proxy, ada, linus })
    for (const one of [ada, linus]) await one.close()
  } finally {
    await browser.close()
    await proxy.close()
    await server.stop()
  }
}

for (const [sockets, keepsBack] of /** @type {const} */ ([['refuse', false], ['swallow', false], ['refuse', true]])) {
  test(`sockets: ${sockets}, ${keepsBack ? 'answers are kept back' : 'answers pass'}: two people edit, survive the server and return`, { skip }, () => behind(sockets, keepsBack, async ({ server, proxy, ada, linus }) => {
    await ada.page.keyboard.type('saved before. ')
    await linus.sees('saved before. ')
    await ada.isSaved()
    await linus.page.keyboard.press('Control+End')
    await linus.page.keyboard.type('Linus answers. ')
    await ada.sees('Linus answers. ')
    await linus.isSaved()
    assert.equal(proxy.seen.sockets, 0, 'nothing went over a WebSocket')
    assert.ok(keepsBack ? proxy.seen.polls > 0 : proxy.seen.streams > 0)

    const typing = ada.page.keyboard.type('typed while the server dies. ', { delay: 20 })
    await linus.sees('typed')
    await server.kill()
    await typing
    for (const { page } of [ada, linus]) await page.locator('.status[data-status=offline]').waitFor()
    for (const part of ['saved before.', 'Linus answers.']) assert.ok(stored(server.data).includes(part), part)
    await server.restart()
    for (const one of [ada, linus]) {
      await one.isSaved()
      for (const part of ['saved before.', 'Linus answers.', 'typed while the server dies.']) await one.sees(part)
    }
    await linus.page.keyboard.press('Control+End')
    await linus.page.keyboard.type('after the death. ')
    await ada.sees('after the death. ')
    assert.equal(proxy.seen.sockets, 0)

    proxy.rules.sockets = 'pass'
    await proxy.passes(2)
    await linus.page.keyboard.type('by WebSocket again.')
    await ada.sees('by WebSocket again.')
    for (const one of [ada, linus]) await one.isSaved()
    await server.kill()
    for (const part of ['typed while the server dies.', 'after the death.', 'by WebSocket again.']) assert.ok(stored(server.data).includes(part), part)
  }))
}

test('over TLS: two people edit by requests, and one of them meets somebody with a WebSocket', { skip }, async () => {
  const certificate = (/** @type {string} */ file) => join(import.meta.dirname, '../../src/http/testdata', file)
  const server = await startServer(['--tls-cert', certificate('localhost.pem'), '--tls-key', certificate('localhost.key')])
  const browser = await launch()
  try {
    const people = []
    for (const name of ['Ada Byron', 'Linus Chan', 'Mia Chen']) {
      const one = await person(browser, server.url, name, { ignoreHTTPSErrors: true })
      // A worker is not installed where the certificate is not trusted.
      one.expects.push(/SSL certificate|service ?worker/i)
      if (name !== 'Mia Chen') await blockSockets(one)
      // Hers works, however slow it is.
      else await waits(one.context, HEAD_START)
      const requests = requestsOf(one)
      await one.opens('hello', '?kind=markdown')
      await one.text.click()
      people.push({ ...one, requests })
    }
    const [ada, linus, mia] = people
    await ada.page.keyboard.type('Ada by requests. ')
    await mia.sees('Ada by requests. ')
    await mia.page.keyboard.press('Control+End')
    await mia.page.keyboard.type('Mia by WebSocket. ')
    await linus.sees('Mia by WebSocket. ')
    await linus.page.keyboard.press('Control+End')
    await linus.page.keyboard.type('Linus by requests.')
    for (const one of people) {
      await one.sees('Ada by requests. Mia by WebSocket. Linus by requests.')
      await one.isSaved()
    }
    for (const one of [ada, linus]) {
      assert.ok(one.requests().length > 0)
      assert.ok(one.requests().every(({ protocol }) => protocol === 'https:'))
    }
    assert.equal(mia.requests().length, 0)
    for (const one of people) await one.close()
  } finally {
    await browser.close()
    await server.stop()
  }
})
