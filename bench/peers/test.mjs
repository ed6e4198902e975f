// Tables and charts of results that are made up.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { acknowledgedPerSecond, cpuPerDelivery, figure } from './measurements.mjs'
import { charts, number, replaced, table } from './tables.mjs'

const results = {
  servers: ['coscribe', 'peer'],
  values: {
    coscribe: { '1x2': { value: 3.21 }, lost: { value: 0 }, promised: { value: 12345 } },
    peer: { '1x2': { value: 41.5, unsound: true }, lost: { error: 'it did not start' } }
  }
}

test('numbers keep three digits', () => {
  const told = [0.1234, 1.234, 12.34, 123.4, 1234.5, 123456, 0, null].map(number)
  assert.deepEqual(told, ['0.123', '1.23', '12.3', '123', '1 235', '123 k', '0', '–'])
})

test('a table has what is known and says what is not', () => {
  const text = table(results)
  assert.match(text, /\| 1 document × 2 clients, 1 writes, µs \| 3\.21 \| 41\.5 † \|/)
  assert.match(text, /\| of these, lost \| 0 \| failed <sup>1<\/sup> \|/)
  assert.match(text, /<sup>1<\/sup> peer: it did not start/)
  assert.match(text, /† clients did not all end/)
  assert.doesNotMatch(text, /1 × 50/, 'rows that nobody has are left out')
})

test('charts have a place for each row that somebody has', () => {
  const { shapes, saved } = charts(results)
  assert.deepEqual(shapes.along, ['1 × 2'])
  assert.deepEqual(shapes.series.map((it) => it.values), [[3.21], [41.5]])
  assert.equal(saved, undefined)
})

test('a page keeps what stands around the table', () => {
  const once = replaced('# Page\n\nAbove.\n', 'peers', 'one')
  const twice = replaced(`${once}\nBelow.\n`, 'peers', 'two')
  assert.match(twice, /Above[^]*two[^]*Below/)
  assert.doesNotMatch(twice, /one/)
})

test('cost is CPU by deliveries', () => {
  const usage = (user, system) => ({ user, system })
  const server = { before: usage(1, 1), after: usage(1.5, 1.5) }
  assert.equal(cpuPerDelivery({ server, deliveries: 1000 }), 1000)
  assert.equal(cpuPerDelivery({ deliveries: 1000 }), null)
  assert.equal(acknowledgedPerSecond({ seconds: 2, edits: 100, acknowledged: { count: 10 } }), 5)
  assert.equal(figure('x')({ more: [{ name: 'x', value: 3 }] }), 3)
})
