// The sentence about a document's state: every state, its order, and that it never promises too much.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statusOf } from '../src/presence/status.js'
import { seeded } from './fake_world.js'

/** In step, nothing to do. @type {import('../src/sync/provider.js').Facts} */
const CALM = { stop: null, reason: '', loaded: true, startedAt: 0, lostAt: null, failures: 0, restarting: false, unsaved: 0, unsavedSince: null, savedAt: null }
const NOW = 100_000

/** @param {Partial<import('../src/sync/provider.js').Facts>} facts @param {number} [now] */
const status = (facts, now = NOW) => statusOf({ ...CALM, ...facts }, now, () => '14:03:22')

test('a document in step is saved, with the time of the last confirmation', () => {
  assert.equal(status({}).text, 'Saved')
  assert.equal(status({ savedAt: NOW - 5000 }).detail, 'All changes stored on the server at 14:03:22.')
})

test('an unconfirmed edit shows at once, and its confirmation after a moment of quiet', () => {
  assert.equal(status({ unsaved: 1, unsavedSince: NOW }).text, 'Saving…')
  const justSaved = status({ savedAt: NOW - 399 })
  assert.equal(justSaved.text, 'Saving…')
  assert.equal(justSaved.until, NOW + 1)
  assert.equal(status({ savedAt: NOW - 400 }).text, 'Saved')
})

test('an edit that waits ten seconds gets a warning', () => {
  assert.equal(status({ unsaved: 1, unsavedSince: NOW - 9999 }).until, NOW + 1)
  assert.equal(status({ unsaved: 1, unsavedSince: NOW - 10_000 }).text, 'Still saving. Do not close this tab.')
})

test('a short gap in the connection is not mentioned, a longer one is', () => {
  assert.equal(status({ lostAt: NOW - 1499 }).text, 'Saved')
  assert.equal(status({ lostAt: NOW - 1499 }).until, NOW + 1)
  assert.equal(status({ lostAt: NOW - 1499, unsaved: 1, unsavedSince: NOW }).text, 'Saving…')
  assert.equal(status({ lostAt: NOW - 1500 }).text, 'Connecting…')
  assert.equal(status({ lostAt: NOW - 1500, failures: 1 }).text, 'Offline – edits are only in this tab')
  assert.equal(status({ lostAt: NOW - 1500, failures: 1, unsaved: 3, unsavedSince: NOW }).text, 'Offline – edits are only in this tab (3 to send)')
})

test('an announced restart is named, until it takes too long', () => {
  assert.equal(status({ lostAt: NOW, restarting: true }).text, 'Server is restarting…')
  assert.equal(status({ lostAt: NOW - 15_000, restarting: true, failures: 4 }).kind, 'offline')
})

test('an empty page says nothing for a moment, then that it loads, then that this is slow', () => {
  const fresh = { loaded: false, startedAt: NOW, lostAt: NOW }
  assert.equal(status(fresh, NOW + 299).text, '')
  assert.equal(status(fresh, NOW + 300).text, 'Loading…')
  assert.equal(status(fresh, NOW + 8000).text, 'Still loading. The server is slow or busy.')
  assert.equal(status({ ...fresh, failures: 1 }, NOW + 2000).text, 'Cannot reach the server. Trying again…')
})

test('an end that a retry cannot change comes before everything else', () => {
  const facts = { loaded: false, lostAt: 0, failures: 3, restarting: true, unsaved: 2, unsavedSince: 0 }
  for (const stop of /** @type {const} */ (['denied', 'sign-in', 'missing', 'replaced', 'too-large', 'refused'])) {
    assert.equal(status({ ...facts, stop }).kind, stop)
    assert.match(status({ ...facts, stop }).detail, /only in this tab/)
  }
})

test('whatever the facts, it never says saved with an edit unconfirmed, nothing loaded, or after a stop', () => {
  const random = seeded(7)
  const chance = (/** @type {number} */ share) => random() < share
  let savedCount = 0
  for (let i = 0; i < 20_000; i++) {
    const unsaved = chance(0.5) ? 0 : Math.ceil(random() * 5)
    const facts = {
      stop: chance(0.1) ? /** @type {const} */ ('denied') : null,
      loaded: chance(0.7),
      startedAt: NOW - random() * 20_000,
      lostAt: chance(0.5) ? null : NOW - random() * 20_000,
      failures: chance(0.5) ? 0 : Math.ceil(random() * 5),
      restarting: chance(0.3),
      unsaved,
      unsavedSince: unsaved ? NOW - random() * 20_000 : null,
      savedAt: chance(0.5) ? null : NOW - random() * 2000,
    }
    const { kind, text, until } = status(facts)
    assert.ok(until === null || until > NOW, 'a time to look again lies ahead')
    if (kind !== 'saved' && !/^saved/i.test(text)) continue
    savedCount++
    assert.ok(unsaved === 0 && !facts.stop && facts.loaded, JSON.stringify(facts))
  }
  assert.ok(savedCount > 500)
})
