// Input methods: while somebody composes, others' edits in the same line wait, in both kinds of editor.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'
import { waits } from './support/timers.mjs'

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

/** What others do is held back for so long, in ms, which a slow machine needs for this test. */
const HELD_BACK = 3000

for (const kind of ['rich', 'markdown']) {
  test(`somebody's edit in the same line waits for the end of a composition (${kind})`, { skip }, async () => {
    const ada = await person(browser, server.url, 'Ada Byron')
    await waits(ada.context, HELD_BACK)
    await ada.opens(`compose-${kind}`, `?kind=${kind}`)
    await ada.text.click()
    await ada.text.pressSequentially('start ')
    await ada.isSaved()
    const linus = await person(browser, server.url, 'Linus Chan')
    await linus.opens(`compose-${kind}`, `?kind=${kind}`)
    await linus.sees('start')
    await linus.text.click()
    await linus.page.keyboard.press('Control+Home')

    const keyboard = await ada.context.newCDPSession(ada.page)
    const compose = (/** @type {string} */ text) => keyboard.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
    await compose('に')
    await compose('にほ')
    await linus.page.keyboard.type('>> ')
    await linus.isSaved()
    assert.equal((await ada.reads()).includes('>>'), false, 'it waits for the end of the composition')
    await compose('にほん')
    await keyboard.send('Input.insertText', { text: '日本' })
    for (const one of [ada, linus]) await one.sees('>> start 日本')
    for (const one of [ada, linus]) assert.equal((await one.reads()).trim(), '>> start 日本')

    // And a composition that is given up leaves nothing behind.
    await compose('か')
    await linus.page.keyboard.type('more ')
    await linus.isSaved()
    await compose('')
    for (const one of [ada, linus]) await one.sees('>> more start 日本')
    assert.equal((await ada.reads()).trim(), '>> more start 日本')
    await ada.close()
    await linus.close()
  })
}
