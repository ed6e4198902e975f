// Two people in one document, in a real browser against a real server: text, names, saving, undo.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'

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

for (const kind of ['rich', 'markdown', 'code']) {
  /** Two people in a new document. @param {string} document */
  const two = async document => {
    const [ada, linus] = [await person(browser, server.url, 'Ada Byron'), await person(browser, server.url, 'Linus Chan')]
    for (const one of [ada, linus]) await one.opens(document, `?kind=${kind}`)
    return { ada, linus }
  }

  test(`${kind}: two people see each other's text, names and the truth about saving`, { skip }, async () => {
    const where = `${kind} of two/${kind}`
    const { ada, linus } = await two(where)
    await ada.text.click()
    await ada.page.keyboard.type('Plan from Ada')
    await ada.isSaved()
    await linus.sees('Plan from Ada')
    await linus.text.click()
    await linus.page.keyboard.press('Control+End')
    await linus.page.keyboard.type(' and Linus')
    await linus.isSaved()
    await ada.sees('Plan from Ada and Linus')
    await ada.page.locator('.remote-flag', { hasText: 'Linus Chan' }).waitFor({ state: 'attached' })
    await linus.page.locator('.remote-flag', { hasText: 'Ada Byron' }).waitFor({ state: 'attached' })
    await ada.page.getByText('Linus Chan').first().waitFor({ state: 'attached' })
    await linus.close()
    await ada.page.locator('.remote-caret').waitFor({ state: 'detached' })
    await ada.close()
  })

  test(`${kind}: undo takes back one's own edits only`, { skip }, async () => {
    const { ada, linus } = await two(`undo-${kind}`)
    await ada.text.click()
    await ada.page.keyboard.type('mine')
    await ada.isSaved()
    await linus.sees('mine')
    await linus.text.click()
    await linus.page.keyboard.press('Control+Home')
    await linus.page.keyboard.type('theirs ')
    await ada.sees('theirs mine')
    await ada.page.keyboard.type('!')
    await linus.sees('theirs mine!')
    for (let steps = 0; (await ada.reads()).includes('mine'); steps++) {
      assert.ok(steps < 5, 'undo does not reach the own edits')
      await ada.page.keyboard.press('Control+z')
    }
    await linus.page.waitForFunction(() => !document.querySelector('.cm-content, .ProseMirror')?.textContent?.includes('mine'))
    await linus.sees('theirs')
    await ada.close()
    await linus.close()
  })
}
