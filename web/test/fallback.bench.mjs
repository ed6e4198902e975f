// How long a letter takes from one page to another, over WebSockets and over what stands in for them: events, and polls
// where a proxy keeps answers back. All through the same proxy on this machine, so that only the ways differ.
// Not a test: COSCRIBE_BIN=… node test/fallback.bench.mjs
import { launch, person } from './support/people.mjs'
import { startProxy } from './support/proxy.mjs'
import { startServer } from './support/server.mjs'

const LETTERS = 60
const server = await startServer()
const browser = await launch()
for (const [way, rules] of /** @type {const} */ ([['WebSocket', {}], ['events', { sockets: 'refuse' }], ['polls', { sockets: 'refuse', keepsBack: true }]])) {
  const began = Date.now()
  const proxy = await startProxy(server.port, { ...rules })
  const [ada, linus] = [await person(browser, proxy.url, 'Ada Byron'), await person(browser, proxy.url, 'Linus Chan')]
  for (const one of [ada, linus]) await one.opens(`latency ${way}`, '?kind=markdown')
  await ada.text.click()
  await ada.page.keyboard.type('.')
  await linus.sees('.')
  const opened = Date.now() - began
  await linus.page.evaluate(() => {
    const seen = /** @type {any} */ (window).seen = /** @type {number[]} */ ([])
    const text = /** @type {HTMLElement} */ (document.querySelector('.cm-content'))
    let length = text.textContent?.length
    new MutationObserver(() => {
      const now = [...text.querySelectorAll('.cm-line')].map(line => line.textContent).join('').replace(/[^a.]/g, '').length
      if (now !== length) seen.push(Date.now())
      length = now
    }).observe(text, { childList: true, characterData: true, subtree: true })
  })
  await ada.page.evaluate(() => {
    const typed = /** @type {any} */ (window).typed = /** @type {number[]} */ ([])
    document.addEventListener('beforeinput', () => typed.push(Date.now()), true)
  })
  await ada.page.keyboard.type('a'.repeat(LETTERS), { delay: 120 })
  await linus.sees('a'.repeat(LETTERS))
  const typed = await ada.page.evaluate(() => /** @type {any} */ (window).typed)
  const seen = await linus.page.evaluate(() => /** @type {any} */ (window).seen)
  const late = typed.map((/** @type {number} */ at, /** @type {number} */ index) => (seen.slice(-LETTERS)[index] ?? seen.at(-1)) - at).sort((/** @type {number} */ a, /** @type {number} */ b) => a - b)
  const of = (/** @type {number} */ share) => late[Math.floor(late.length * share)]
  console.log(`${way}: ${typed.length} letters, ${seen.length} seen; median ${of(0.5)} ms, p95 ${of(0.95)} ms, worst ${late.at(-1)} ms; opened in ${opened} ms; ${JSON.stringify(proxy.seen)}`)
  await ada.context.close()
  await linus.context.close()
  await proxy.close()
}
await browser.close()
await server.stop()
