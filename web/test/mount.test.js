// Where in its site the app is: at the root, or below the prefix that its page tells.
import assert from 'node:assert/strict'
import { test } from 'node:test'

/** The module as a page below this prefix has it. @param {string | undefined} base @returns {Promise<typeof import('../src/mount/index.js')>} */
async function mounted(base) {
  Object.assign(globalThis, { document: { documentElement: { dataset: { base } } } })
  const page = `../src/mount/index.js?${base}`
  return import(page).finally(() => Reflect.deleteProperty(globalThis, 'document'))
}

test('at the root addresses are as they are', async () => {
  const { BASE, DATABASE, below, inApp } = await mounted(undefined)
  assert.deepEqual([BASE, DATABASE, inApp('/d/plan'), below('/d/plan')], ['', 'coscribe', '/d/plan', '/d/plan'])
})

test('below a prefix addresses begin with it, and copies of documents are apart', async () => {
  const { BASE, DATABASE, below, inApp } = await mounted('/docs')
  assert.deepEqual([BASE, DATABASE, inApp('/d/plan'), below('/docs/d/plan')], ['/docs', 'coscribe/docs', '/docs/d/plan', '/d/plan'])
  for (const outside of ['/d/plan', '/docs', '/docsx/d/plan']) assert.equal(below(outside), null, outside)
})
