// The one sentence about the state of a document: what the page knows, turned into words. Pure, so that
// every state can be tested. The order of the checks is the order of importance. The rule above all: it
// never says "Saved" while an edit exists that the server has not confirmed to be on its disk.

/** Time out of step that is not worth a word, in ms: most connections are back before. */
const CONNECTING_AFTER = 1500
/** An empty page may stay silent this long, in ms, and needs an explanation after that. */
const LOADING_AFTER = 300
const LOADING_LONG = 8000
/** "Saved" appears after this quiet time, in ms; so it does not flicker while somebody types. */
const SAVED_AFTER = 400
/** Waiting this long for the disk, in ms, is unusual. */
const SAVING_LONG = 10_000
/** A restart that takes longer than this, in ms, is an outage. */
const RESTART_LONG = 15_000

/** @typedef {'denied' | 'sign-in' | 'missing' | 'replaced' | 'too-large' | 'refused' | 'loading' | 'connecting' | 'offline' | 'restarting' | 'saving' | 'saved'} Kind */

/**
 * @typedef {object} Status
 * @property {Kind} kind
 * @property {string} text what the page shows; empty when there is nothing to say yet
 * @property {string} short the same for a narrow screen
 * @property {string} detail one or two sentences more
 * @property {'good' | 'busy' | 'quiet' | 'bad'} tone
 * @property {number | null} until when it must be computed again although nothing happened, in ms
 */

/** Words for the ends that a retry cannot change. @type {Record<import('../sync/health.js').Stop, [text: string, short: string, detail: string]>} */
const STOPPED = {
  denied: ['You do not have access', 'No access', 'Ask the owner of this document for access.'],
  'sign-in': ['Sign in to continue', 'Signed out', 'The server wants to know who you are.'],
  missing: ['This document does not exist', 'Not found', 'It was deleted, or the address is not a possible name.'],
  replaced: ['This document was replaced on the server', 'Replaced', 'It was deleted and created again. What you see here is the earlier one.'],
  'too-large': ['A change is too large for the server', 'Too large', 'Nothing more is sent. Keep a copy, then reload and paste less at a time.'],
  refused: ['The server does not understand this page', 'Not working', 'Reload the page; it may be older than the server.'],
}

/**
 * @param {import('../sync/provider.js').Facts} facts
 * @param {number} now in ms, the clock of the facts
 * @param {(time: number) => string} [clock] writes a time of day
 * @returns {Status}
 */
export function statusOf(facts, now, clock = time => new Date(time).toLocaleTimeString()) {
  if (facts.stop) {
    const [text, short, detail] = STOPPED[facts.stop]
    const kept = facts.unsaved > 0 ? ' Your last edits are only in this tab: download a copy before you close it.' : ''
    return { kind: facts.stop, text, short, detail: detail + kept, tone: 'bad', until: null }
  }
  const isFresh = facts.lostAt === null || now - facts.lostAt < CONNECTING_AFTER
  if (!facts.loaded && (facts.failures === 0 || isFresh)) return loading(facts, now)
  if (facts.lostAt !== null) {
    const out = outOfStep(facts, facts.lostAt, now)
    if (out.text) return out
    return { ...inStep(facts, now, clock), until: out.until }
  }
  return inStep(facts, now, clock)
}

/** @param {import('../sync/provider.js').Facts} facts @param {number} now @returns {Status} */
function loading(facts, now) {
  const waited = now - facts.startedAt
  const base = { kind: /** @type {const} */ ('loading'), short: 'Loading…', detail: 'The document is on its way.', tone: /** @type {const} */ ('quiet') }
  if (waited < LOADING_AFTER) return { ...base, text: '', short: '', until: facts.startedAt + LOADING_AFTER }
  if (waited < LOADING_LONG) return { ...base, text: 'Loading…', until: facts.startedAt + LOADING_LONG }
  return { ...base, text: 'Still loading. The server is slow or busy.', short: 'Still loading', until: null }
}

/** @param {import('../sync/provider.js').Facts} facts @param {number} lostAt @param {number} now @returns {Status} */
function outOfStep(facts, lostAt, now) {
  if (facts.restarting && now - lostAt < RESTART_LONG) {
    return {
      kind: 'restarting',
      text: 'Server is restarting…',
      short: 'Restarting…',
      detail: `You can go on writing. ${whereEditsAre(facts)}`,
      tone: 'busy',
      until: lostAt + RESTART_LONG,
    }
  }
  if (now - lostAt < CONNECTING_AFTER) {
    return { kind: 'connecting', text: '', short: '', detail: '', tone: 'busy', until: lostAt + CONNECTING_AFTER }
  }
  if (facts.failures === 0) {
    return { kind: 'connecting', text: 'Connecting…', short: 'Connecting…', detail: whereEditsAre(facts), tone: 'busy', until: null }
  }
  if (!facts.loaded) {
    return { kind: 'offline', text: 'Cannot reach the server. Trying again…', short: 'Offline', detail: 'The document appears as soon as the server answers.', tone: 'bad', until: null }
  }
  const waiting = facts.unsaved > 0 ? ` (${facts.unsaved} to send)` : ''
  return {
    kind: 'offline',
    text: `Offline – edits are only in this tab${waiting}`,
    short: `Offline${waiting}`,
    detail: `${whereEditsAre(facts)} What you write is sent when the connection is back; do not close this tab before.`,
    tone: facts.unsaved > 0 ? 'bad' : 'busy',
    until: null,
  }
}

/** @param {import('../sync/provider.js').Facts} facts @param {number} now @param {(time: number) => string} clock @returns {Status} */
function inStep({ unsaved, unsavedSince, savedAt }, now, clock) {
  if (unsaved > 0 && unsavedSince !== null) {
    const long = unsavedSince + SAVING_LONG
    if (now < long) {
      return { kind: 'saving', text: 'Saving…', short: 'Saving…', detail: 'The server has not confirmed your last edit yet.', tone: 'busy', until: long }
    }
    return { kind: 'saving', text: 'Still saving. Do not close this tab.', short: 'Still saving', detail: 'The server has not confirmed your last edit for more than ten seconds.', tone: 'bad', until: null }
  }
  if (savedAt !== null && now - savedAt < SAVED_AFTER) {
    return { kind: 'saving', text: 'Saving…', short: 'Saving…', detail: 'The server has confirmed your last edit.', tone: 'busy', until: savedAt + SAVED_AFTER }
  }
  const detail = savedAt === null ? 'Everything you see is stored on the server.' : `All changes stored on the server at ${clock(savedAt)}.`
  return { kind: 'saved', text: 'Saved', short: 'Saved', detail, tone: 'good', until: null }
}

/** @param {import('../sync/provider.js').Facts} facts */
function whereEditsAre({ unsaved }) {
  if (unsaved === 0) return 'Everything until now is stored on the server. New edits stay in this tab.'
  return unsaved === 1 ? 'One edit is only in this tab.' : `${unsaved} edits are only in this tab.`
}
