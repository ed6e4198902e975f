// The one sentence about the state of a document: what the page knows, turned into words. Pure, so that every state
// can be tested. The order of the checks is the order of importance. The rule above all: it never says "Saved" while
// an edit exists that the server has not confirmed to be on its disk.
import { t } from '../i18n/index.js'
import '../i18n/status.js'

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

/** @typedef {import('../sync/facts.js').Facts} Facts */
/** @typedef {import('../sync/health.js').Stop | 'loading' | 'copy' | 'connecting' | 'offline' | 'tab-only' | 'restarting' | 'slow-down' | 'read-only' | 'saving' | 'saved'} Kind */
/**
 * `retry`: connect now; `resume`: connect although the server said no; `reload`: the page; `download`: a copy;
 * `restore`: out of the bin; `create`: a new document of this name; `sign-in`: at the app around this one;
 * `ask`: the owners for access.
 * @typedef {'retry' | 'resume' | 'reload' | 'download' | 'restore' | 'create' | 'sign-in' | 'ask'} Action
 */

/**
 * @typedef {object} Status
 * @property {Kind} kind
 * @property {string} text what the page shows; empty when there is nothing to say yet
 * @property {string} short the same for a narrow screen
 * @property {string} detail one or two sentences more
 * @property {'good' | 'busy' | 'quiet' | 'bad'} tone
 * @property {Action[]} actions what the person can do about it
 * @property {boolean} canEdit
 * @property {boolean} needsRescue edits exist that cannot be sent as things are
 * @property {number | null} until when it must be computed again although nothing happened, in ms
 */

/** Where the document can still be edited. @type {readonly Kind[]} */
const EDITABLE = ['copy', 'connecting', 'offline', 'tab-only', 'restarting', 'slow-down', 'saving', 'saved', 'full']
/** What a retry cannot change. @type {Record<import('../sync/health.js').Stop, { tone: 'bad' | 'busy', actions: Action[] }>} */
const STOPPED = {
  denied: { tone: 'bad', actions: ['ask', 'resume'] },
  'sign-in': { tone: 'bad', actions: ['resume'] },
  missing: { tone: 'bad', actions: ['create'] },
  'in-bin': { tone: 'busy', actions: ['restore'] },
  replaced: { tone: 'bad', actions: [] },
  outdated: { tone: 'busy', actions: ['reload'] },
  'too-large': { tone: 'bad', actions: ['resume', 'download'] },
  full: { tone: 'busy', actions: ['resume', 'download'] },
  refused: { tone: 'bad', actions: ['reload', 'download'] },
}

/**
 * @param {Facts} facts
 * @param {number} now in ms, the clock of the facts
 * @param {(time: number) => string} [clock] writes a time of day
 * @returns {Status}
 */
export function statusOf(facts, now, clock = time => new Date(time).toLocaleTimeString()) {
  const said = stopped(facts) ?? loading(facts, now) ?? outOfStep(facts, now) ?? readOnly(facts) ?? saving(facts, now) ?? saved(facts, clock)
  // A short gap in the connection is not mentioned, but must be when it gets longer.
  const gap = facts.lostAt !== null && !facts.stop && now - facts.lostAt < CONNECTING_AFTER ? facts.lostAt + CONNECTING_AFTER : null
  const until = said.until === null || (gap !== null && gap < said.until) ? gap : said.until
  const canEdit = EDITABLE.includes(said.kind) && facts.canEdit && (facts.loaded || facts.copied)
  const needsRescue = facts.unsaved > 0 && ((facts.stop !== null && facts.stop !== 'sign-in') || !facts.canEdit)
  return { ...said, until, canEdit, needsRescue }
}

/** @typedef {Omit<Status, 'canEdit' | 'needsRescue'>} Said */

/**
 * The words of a state: keys are `status.KEY`, `status.KEY.detail` and `status.KIND.short`.
 * @param {Kind} kind
 * @param {Status['tone']} tone
 * @param {Partial<Said> & { key?: string, values?: Record<string, string | number> }} [more]
 * @returns {Said}
 */
function say(kind, tone, { key = kind, values = {}, ...more } = {}) {
  const word = (/** @type {string} */ which) => t(/** @type {import('../i18n/index.js').Key} */ (`status.${which}`), values)
  return { kind, tone, text: word(key), short: word(`${kind}.short`), detail: word(`${key}.detail`), actions: [], until: null, ...more }
}

/** @param {Said} said */
const silently = said => ({ ...said, text: '', short: '' })

/** @param {Facts} facts @returns {Said | null} */
function stopped(facts) {
  if (!facts.stop) return null
  const { tone, actions } = STOPPED[facts.stop]
  const said = say(facts.stop, tone, { actions, ...(facts.stop === 'too-large' ? sizes(facts.reason) : {}) })
  // What is only here would be lost with a fresh start.
  const isAtRisk = facts.stop === 'missing' && facts.unsaved > 0
  return withEdits(isAtRisk ? { ...said, actions: ['resume'] } : said, facts)
}

/** The server's words on what is too large hold two numbers of bytes, or none. @param {string} reason */
function sizes(reason) {
  const [bytes, limit] = (reason.match(/\d+/g) ?? []).map(Number)
  if (!limit) return {}
  const megabytes = (/** @type {number} */ size) => Math.max(0.1, Math.round(size / 104_857.6) / 10)
  return { key: 'too-large.sizes', values: { size: megabytes(bytes), limit: megabytes(limit) } }
}

/** @param {Facts} facts @param {number} now @returns {Said | null} */
function loading(facts, now) {
  const isFresh = facts.failures === 0 || facts.lostAt === null || now - facts.lostAt < CONNECTING_AFTER
  if (facts.loaded || !isFresh) return null
  const waited = now - facts.startedAt
  const kind = facts.copied ? 'copy' : 'loading'
  if (waited < LOADING_AFTER) return silently(say(kind, 'quiet', { until: facts.startedAt + LOADING_AFTER }))
  if (facts.copied) return say('copy', 'quiet')
  if (waited < LOADING_LONG) return say('loading', 'quiet', { until: facts.startedAt + LOADING_LONG })
  return say('loading', 'quiet', { key: 'loading-long' })
}

/** @param {Facts} facts @param {number} now @returns {Said | null} */
function outOfStep(facts, now) {
  if (facts.lostAt === null) return null
  const wait = facts.nextTry === null ? 0 : Math.max(0, Math.ceil((facts.nextTry - now) / 1000))
  const next = wait > 0 && facts.nextTry !== null ? facts.nextTry - (wait - 1) * 1000 : null
  if (facts.slowed) return say('slow-down', 'busy', { values: { count: wait }, until: next })
  if (facts.restarting && now - facts.lostAt < RESTART_LONG) return say('restarting', 'busy', { until: facts.lostAt + RESTART_LONG })
  if (now - facts.lostAt < CONNECTING_AFTER) return null
  if (facts.failures === 0) return say('connecting', 'busy')
  const retry = wait > 0 ? t('status.next-try', { count: wait }) : t('status.trying')
  const more = { actions: /** @type {Action[]} */ (['retry']), until: next }
  const told = (/** @type {Said} */ said) => ({ ...said, detail: `${said.detail} ${retry}` })
  if (!facts.loaded && !facts.copied) return told(say('offline', 'bad', { ...more, key: 'unreachable' }))
  const isKept = facts.storage === 'kept' || facts.storage === 'opening'
  const said = isKept ? say('offline', 'busy', more) : say('tab-only', 'bad', { ...more, actions: ['retry', 'download'] })
  if (facts.unsaved === 0) return told(said)
  const waiting = t('status.to-send', { count: facts.unsaved })
  return told({ ...said, text: `${said.text} (${waiting})`, short: `${said.short} (${facts.unsaved.toLocaleString()})` })
}

/** @param {Facts} facts @returns {Said | null} */
function readOnly(facts) {
  return facts.canEdit ? null : withEdits(say('read-only', 'quiet', { actions: ['ask'] }), facts)
}

/** @param {Facts} facts @param {number} now @returns {Said | null} */
function saving({ unsaved, unsavedSince, savedAt, storage }, now) {
  if (unsaved > 0) {
    const since = unsavedSince ?? now
    if (now < since + SAVING_LONG) return say('saving', 'busy', { until: since + SAVING_LONG })
    return say('saving', 'bad', { key: storage === 'kept' ? 'saving-long.kept' : 'saving-long' })
  }
  if (savedAt === null || now - savedAt >= SAVED_AFTER) return null
  return say('saving', 'busy', { until: savedAt + SAVED_AFTER })
}

/** @param {Facts} facts @param {(time: number) => string} clock @returns {Said} */
function saved({ savedAt }, clock) {
  return savedAt === null ? say('saved', 'good') : say('saved', 'good', { key: 'saved-at', values: { time: clock(savedAt) } })
}

/** Tells where edits are that cannot be sent now. @param {Said} said @param {Facts} facts @returns {Said} */
function withEdits(said, { unsaved, storage }) {
  if (unsaved === 0) return said
  return { ...said, detail: `${said.detail} ${t(storage === 'kept' ? 'status.edits-kept' : 'status.edits-tab', { count: unsaved })}` }
}
