// People for browser tests: each with a name and a device of their own. Any error in a page fails its test.
import assert from 'node:assert/strict'
import { chromium } from 'playwright-core'
import { closeAfterwards } from './closing.mjs'

const QUIET = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: QUIET })

/**
 * @typedef {object} Person
 * @property {import('playwright-core').Page} page
 * @property {import('playwright-core').BrowserContext} context
 * @property {import('playwright-core').Locator} text the text being edited
 * @property {(document: string, query?: string) => Promise<void>} opens and waits for the editor
 * @property {(part: string) => Promise<unknown>} sees waits until the text holds this, names on carets not counted
 * @property {() => Promise<string>} reads
 * @property {() => Promise<void>} isSaved
 * @property {RegExp[]} expects console errors that this test provokes
 * @property {() => Promise<void>} close fails when there were other errors
 */

/**
 * @param {import('playwright-core').Browser} browser
 * @param {string} url the server's
 * @param {string} name
 * @param {import('playwright-core').BrowserContextOptions} [options]
 * @returns {Promise<Person>}
 */
export async function person(browser, url, name, options) {
  const context = await browser.newContext({ locale: 'en-GB', ...options })
  closeAfterwards(() => context.close())
  await context.addInitScript(who => {
    if (!localStorage.getItem('coscribe.me')) localStorage.setItem('coscribe.me', JSON.stringify({ id: who, name: who }))
  }, name)
  const page = await context.newPage()
  /** @type {string[]} */
  const errors = []
  /** @type {RegExp[]} */
  const expects = []
  page.on('pageerror', error => errors.push(error.stack ?? String(error)))
  page.on('console', message => message.type() === 'error' && errors.push(message.text()))
  return {
    page,
    context,
    text: page.getByLabel('Document text'),
    expects,
    async opens(document, query = '') {
      await page.goto(`${url}/d/${encodeURIComponent(document)}${query}`)
      await page.locator('.cm-content, .ProseMirror').waitFor()
    },
    sees: part => page.waitForFunction(holds, part),
    reads: () => page.evaluate(readText),
    isSaved: () => page.locator('.status[data-status=saved]').waitFor(),
    async close() {
      await context.close()
      assert.deepEqual(errors.filter(error => !expects.some(expected => expected.test(error))), [])
    },
  }
}

/** Runs in the page. @param {string} part */
function holds(part) {
  const text = /** @type {HTMLElement | undefined} */ (document.querySelector('.cm-content, .ProseMirror')?.cloneNode(true))
  text?.querySelectorAll('.remote-caret').forEach(caret => caret.remove())
  return text?.textContent?.includes(part)
}

/** Runs in the page. */
function readText() {
  const text = /** @type {HTMLElement | undefined} */ (document.querySelector('.cm-content, .ProseMirror')?.cloneNode(true))
  text?.querySelectorAll('.remote-caret').forEach(caret => caret.remove())
  const blocks = text?.querySelectorAll('.cm-line, p, h1, h2, h3, pre') ?? []
  return [...blocks].map(block => block.textContent).join('\n')
}

/** Waits until a page has drawn what happened: a click's selection and a jump reach the editor with the next frame. @param {import('playwright-core').Page} page */
export const drawn = page => page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve)))))

/**
 * Notes what screen readers are told from now on, as each sentence is there for a moment only. Gives a wait until
 * one with this part was told.
 * @param {import('playwright-core').Page} page
 * @returns {Promise<(part: string) => Promise<unknown>>}
 */
export async function listens(page) {
  await page.locator('[data-live]').waitFor({ state: 'attached' })
  await page.evaluate(() => {
    const region = /** @type {Element} */ (document.querySelector('[data-live]'))
    const told = /** @type {(string | null)[]} */ ([])
    Object.assign(globalThis, { told })
    new MutationObserver(() => told.push(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true })
  })
  return part => page.waitForFunction(wanted => /** @type {any} */ (globalThis).told.some((/** @type {string} */ sentence) => sentence.includes(wanted)), part)
}
