// Closes what a test has left open, also when it failed: ten pages that go on drawing would fail the next one.
// Knows nothing of what it closes. What is opened before the first test is its file's to close.
import { afterEach, beforeEach } from 'node:test'

/** @type {Set<() => unknown>} */
const open = new Set()
let isTesting = false

beforeEach(() => {
  isTesting = true
})
afterEach(async () => {
  isTesting = false
  const left = [...open]
  open.clear()
  await Promise.all(left.map(close => close()))
})

/** Calls this at the end of the test that runs now; closing twice must be harmless. @param {() => unknown} close */
export function closeAfterwards(close) {
  if (isTesting) open.add(close)
}
