// What a page has put into IndexedDB, waited for. `waitForFunction` cannot do this: it takes the promise of an
// answer for the answer.

/** Waits until so many edits that nobody has yet are stored on this device. @param {import('playwright-core').Page} page @param {number} count */
export const stored = (page, count) => page.evaluate(untilStored, count)

/** Runs in the page. @param {number} count */
async function untilStored(count) {
  /** @param {IDBRequest} asked @returns {Promise<any>} */
  const answer = asked => new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error)
  })
  const until = performance.now() + 30_000
  for (;;) {
    const database = await answer(indexedDB.open('coscribe'))
    const records = await answer(database.transaction('documents').objectStore('documents').getAll())
    database.close()
    const found = records.flatMap((/** @type {any} */ { marks }) => Object.values(marks).map(([made, sure]) => made - sure))
    if (found.includes(count)) return
    if (performance.now() > until) throw new Error(`${count} unsent edits should be stored, and these are: ${found.join(', ') || 'none'}`)
    await new Promise(requestAnimationFrame)
  }
}
