// Connections whose code is still on its way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Later } from '../src/sync/later.js'

/** @returns {any} */
const link = () => ({ readyState: 0, sent: [], isClosed: false, send(/** @type {unknown} */ bytes) { this.sent.push(bytes) }, close() { this.isClosed = true } })

test('what comes later is passed on both ways', async () => {
  const real = link()
  const later = new Later(Promise.resolve(real))
  /** @type {unknown[]} */
  const told = []
  Object.assign(later, { onopen: () => told.push('open'), onmessage: (/** @type {any} */ { data }) => told.push(data), onclose: (/** @type {any} */ { code }) => told.push(code) })
  await Promise.resolve()
  real.onopen()
  assert.equal(later.readyState, 1)
  later.send(new Uint8Array([1]))
  real.onmessage({ data: 'hello' })
  real.onclose({ code: 4000, reason: '' })
  assert.deepEqual(told, ['open', 'hello', 4000])
  assert.equal(real.sent.length, 1)
  assert.equal(later.readyState, 3)
})

test('what comes after it is not wanted any more is closed', async () => {
  const real = link()
  const later = new Later(Promise.resolve(real))
  later.close()
  await Promise.resolve()
  assert.ok(real.isClosed)
})

test('code that does not come is a connection that was lost', async () => {
  const later = new Later(Promise.reject(new Error('offline')))
  const code = await new Promise(resolve => (later.onclose = event => resolve(event.code)))
  assert.equal(code, 1006)
})
