// The sentence about a document's state: every state, its order, and that it never promises too much.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statusOf } from '../src/presence/status.js'
import { seeded } from './fake_world.js'

/** In step, nothing to do. @type {import('../src/sync/facts.js').Facts} */
const CALM = {
  stop: null, reason: '', loaded: true, copied: false, startedAt: 0, lostAt: null, failures: 0, nextTry: null, restarting: false, slowed: false,
  access: 'edit', isOpen: false, knocks: 0, canEdit: true, unsaved: 0, unsavedSince: null, savedAt: null, storage: 'kept', unstored: 0,
}
const NOW = 100_000

/** @param {Partial<import('../src/sync/facts.js').Facts>} facts @param {number} [now] */
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
  assert.equal(status({ unsaved: 1, unsavedSince: NOW - 10_000, storage: 'refused' }).text, 'Still saving. Do not close this tab.')
  assert.equal(status({ unsaved: 1, unsavedSince: NOW - 10_000 }).text, 'Still saving…')
})

test('a short gap in the connection is not mentioned, a longer one is', () => {
  assert.equal(status({ lostAt: NOW - 1499 }).text, 'Saved')
  assert.equal(status({ lostAt: NOW - 1499 }).until, NOW + 1)
  assert.equal(status({ lostAt: NOW - 1499, unsaved: 1, unsavedSince: NOW }).text, 'Saving…')
  assert.equal(status({ lostAt: NOW - 1500 }).text, 'Connecting…')
  assert.equal(status({ lostAt: NOW - 1500, failures: 1 }).text, 'Offline – edits are kept on this device')
  assert.equal(status({ lostAt: NOW - 1500, failures: 1, unsaved: 1, unsavedSince: NOW }).text, 'Offline – edits are kept on this device (1 edit to send)')
  assert.equal(status({ lostAt: NOW - 1500, failures: 1, unsaved: 3, unsavedSince: NOW }).text, 'Offline – edits are kept on this device (3 edits to send)')
})

test('where edits are is told as it is', () => {
  for (const storage of /** @type {const} */ (['refused', 'none'])) {
    const { text, tone, kind, actions } = status({ lostAt: 0, failures: 1, unsaved: 3, unsavedSince: NOW, storage })
    assert.deepEqual([text, tone, kind, actions], ['Offline – edits are only in this tab (3 edits to send)', 'bad', 'tab-only', ['retry', 'download']])
    assert.match(status({ unsaved: 1, unsavedSince: 0, storage }).text, /Do not close this tab/)
  }
})

test('when the next attempt is due is counted down', () => {
  const facts = { lostAt: 0, failures: 4, nextTry: NOW + 2400 }
  assert.match(status(facts).detail, /Next try in 3 s\.$/)
  assert.equal(status(facts).until, NOW + 400)
  assert.match(status(facts, NOW + 400).detail, /Next try in 2 s\.$/)
  assert.match(status({ ...facts, nextTry: null }).detail, /Trying now\.$/)
  assert.deepEqual(status(facts).actions, ['retry'])
})

test('a server that wants less at once is not called offline', () => {
  const said = status({ lostAt: NOW - 3000, failures: 1, slowed: true, nextTry: NOW + 5000, unsaved: 4, unsavedSince: NOW })
  assert.deepEqual([said.kind, said.text, said.canEdit], ['slow-down', 'Too many changes at once. Sending continues in 5 s', true])
})

test('who may only read is told so, and edits made before are offered to be kept', () => {
  assert.deepEqual([status({ canEdit: false }).text, status({ canEdit: false }).canEdit], ['View only', false])
  assert.equal(status({ canEdit: false }).needsRescue, false)
  assert.equal(status({ canEdit: false, unsaved: 2, unsavedSince: NOW }).needsRescue, true)
})

test('the copy on this device is named as such until the server has been asked', () => {
  const fresh = { loaded: false, copied: true, startedAt: NOW, lostAt: NOW }
  assert.equal(status(fresh).text, '')
  assert.equal(status(fresh, NOW + 300).text, 'Showing the copy on this device…')
  assert.equal(status(fresh, NOW + 300).canEdit, true)
  assert.equal(status({ ...fresh, failures: 1, unsaved: 3, unsavedSince: NOW }, NOW + 1500).text, 'Offline – edits are kept on this device (3 edits to send)')
})

test('what is too large is told with its size, and a full document can still be cut down', () => {
  const large = status({ stop: 'too-large', reason: 'the update has 12582912 bytes, at most 4194304 are accepted', unsaved: 1, unsavedSince: NOW })
  assert.equal(large.text, 'That change is too large (12 MB, limit 4 MB)')
  assert.equal(status({ stop: 'too-large', reason: '' }).text, 'That change is too large')
  assert.deepEqual([status({ stop: 'full' }).canEdit, status({ stop: 'full' }).actions.includes('resume')], [true, true])
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
  for (const stop of /** @type {const} */ (['denied', 'sign-in', 'missing', 'in-bin', 'replaced', 'outdated', 'too-large', 'full', 'refused'])) {
    const said = status({ ...facts, stop })
    assert.equal(said.kind, stop)
    assert.match(said.detail, /2 edits were not sent; they are kept on this device/)
    assert.match(status({ ...facts, stop, storage: 'refused' }).detail, /only in this tab/)
    // Who signs in goes on, with everything.
    assert.equal(said.needsRescue, stop !== 'sign-in')
  }
})

test('who may only look, or not even that, can ask for more; what they typed before is not given up', () => {
  const looks = status({ canEdit: false, access: 'view' })
  assert.deepEqual([looks.kind, looks.canEdit, looks.needsRescue, looks.actions], ['read-only', false, false, ['ask']])
  assert.equal(status({ canEdit: false, access: 'view', unsaved: 1, unsavedSince: NOW }).needsRescue, true)
  assert.deepEqual(status({ stop: 'denied' }).actions, ['ask', 'resume'])
  assert.deepEqual(status({}).actions, [])
  // Nor while the server is away.
  assert.deepEqual([status({ canEdit: false, lostAt: NOW - 5000, failures: 2 }).kind, status({ canEdit: false, lostAt: NOW - 5000, failures: 2 }).canEdit], ['offline', false])
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
      copied: chance(0.5),
      nextTry: chance(0.5) ? null : NOW + random() * 9000,
      slowed: chance(0.1),
      canEdit: chance(0.9),
      storage: /** @type {const} */ (['kept', 'refused', 'opening', 'none'])[Math.floor(random() * 4)],
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

test('a document that is gone can be begun again, but not over edits that nobody else has', () => {
  assert.deepEqual(status({ stop: 'missing' }).actions, ['create'])
  assert.deepEqual(status({ stop: 'missing', unsaved: 1 }).actions, ['resume'])
  assert.deepEqual(status({ stop: 'in-bin', unsaved: 1 }).actions, ['restore'])
})
