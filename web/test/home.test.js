// The home page without a page: what is found, how lists are kept, what files become, and what a request says when
// it comes to nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Documents } from '../src/api/documents.js'
import { ApiError, Http, withQuery } from '../src/api/http.js'
import { explain } from '../src/api/problems.js'
import { freshName, isFresh } from '../src/device/fresh_names.js'
import { Actions } from '../src/home/actions.js'
import { planFor } from '../src/home/files.js'
import { cutAt, itemOf, merge, recentItem, search } from '../src/home/items.js'
import { Library } from '../src/home/library.js'
import { saySize } from '../src/home/words.js'

/** @param {string} name @param {Partial<import('../src/api/types.js').DocumentInfo>} [more] @returns {import('../src/api/types.js').DocumentInfo} */
const info = (name, more = {}) => ({ name, title: '', kind: 'rich', lang: '', epoch: 'e', created: 0, changed: 0, bytes: 1, seq: 1, people: 0, deleted: null, ...more })
const titles = (/** @type {{ title: string }[]} */ items) => items.map(({ title }) => title)

test('a search finds words in title, name and kind, without case and accents, best first', () => {
  const items = [
    info('a', { title: 'Plan of the garden', changed: 3 }),
    info('b', { title: 'Garden plan', changed: 1 }),
    info('c', { title: 'Résumé', kind: 'markdown', changed: 2 }),
    info('the-garden', { title: 'Beds', changed: 9 }),
  ].map(itemOf)
  const find = (/** @type {string} */ query) => titles(search(items, query, ({ kind }) => (kind === 'markdown' ? 'Markdown' : 'Document')))
  assert.deepEqual(find('GARDEN'), ['Garden plan', 'Plan of the garden', 'Beds'])
  assert.deepEqual(find('garden plan'), ['Garden plan', 'Plan of the garden'])
  assert.deepEqual(find('resume'), ['Résumé'])
  assert.deepEqual(find('markdown'), ['Résumé'])
  assert.deepEqual(find('zebra'), [])
})

test('what is marked in a title is what was typed', () => {
  assert.deepEqual(cutAt('Garden plan', 'PLAN x'), ['Garden ', 'plan', ''])
  assert.deepEqual(cutAt('Garden', 'zebra'), ['Garden', '', ''])
  assert.deepEqual(cutAt('Garden', ' '), ['Garden', '', ''])
})

test('a document without a title is called by its name, unless that was made up', () => {
  const made = freshName()
  assert.match(made, /^[0-9A-Za-z]{22}$/)
  assert.equal(itemOf(info('meeting-notes')).title, 'meeting-notes')
  assert.equal(itemOf(info('Xk2abcdEfghijklmnopqrs')).title, '')
  assert.equal(itemOf(info('Xk2abcdEfghijklmnopqrs', { title: 'Plan' })).title, 'Plan')
  assert.equal(isFresh('my-own-name-of-22-long'), false)
  assert.equal(isFresh('internationalisierungen'.slice(0, 22)), false)
})

test('a document of this device keeps its unsent mark and takes the rest from the server', () => {
  const local = { name: 'a', at: 5, title: 'Old', isUnsent: true }
  assert.deepEqual(recentItem(local, undefined), { name: 'a', title: 'Old', kind: null, lang: '', at: 5, isOpenedAt: true, bytes: null, people: 0, isUnsent: true })
  const told = recentItem(local, info('a', { title: 'New', people: 2, changed: 9 }))
  assert.deepEqual([told.title, told.people, told.at, told.isUnsent], ['New', 2, 9, true])
})

test('while somebody is in a list its rows keep their places', () => {
  const shown = [info('a'), info('b'), info('c')]
  const fresh = [info('d'), info('c', { people: 1 }), info('a')]
  assert.deepEqual(merge(shown, fresh, false).map(({ name, people }) => `${name}${people}`), ['a0', 'c1'])
  assert.equal(merge(shown, fresh, true), fresh)
})

/** @param {string} name @param {string | Uint8Array} content */
const file = (name, content) => new File([/** @type {BlobPart} */ (content)], name)
const plan = (/** @type {string} */ name, /** @type {string | Uint8Array} */ content = 'x') => planFor(file(name, content), 1000)

test('a file becomes the kind of document its name and text ask for', async () => {
  assert.deepEqual(await plan('my_notes.md'), { format: 'md', title: 'my notes', kind: 'markdown' })
  assert.deepEqual(await plan('Page.HTML'), { format: 'html', title: 'Page', kind: 'rich' })
  assert.deepEqual(await plan('a.txt'), { format: 'txt', title: 'a', kind: 'rich' })
  assert.deepEqual(await plan('lib.rs'), { format: 'txt', title: 'lib.rs', kind: 'code', lang: 'rust' })
  assert.deepEqual(await plan('Makefile'), { format: 'txt', title: 'Makefile', kind: 'code', lang: '' })
  assert.deepEqual(await plan('a.json', '{"type":"doc","content":[]}'), { format: 'json', title: 'a', kind: 'rich' })
  assert.deepEqual(await plan('a.json', '{"x":1}'), { format: 'txt', title: 'a.json', kind: 'code', lang: 'json' })
  assert.deepEqual(await plan('a.json', '{'), { format: 'txt', title: 'a.json', kind: 'code', lang: 'json' })
  assert.deepEqual(await plan('a.yjs', new Uint8Array([0, 255])), { format: 'yjs', title: 'a' })
  assert.deepEqual(await plan('A.Coscribe', new Uint8Array(2000)), { format: 'coscribe', title: 'A' }, 'with a bound of its own')
})

test('a file that cannot be read here is refused before it travels', async () => {
  assert.equal(await plan('notes.docx'), 'office')
  assert.equal(await plan('photo.png', new Uint8Array([137, 80, 78, 71, 255])), 'binary')
  assert.equal(await plan('core', new Uint8Array([65, 0, 66])), 'binary')
  assert.equal(await plan('empty.md', ''), 'empty')
  assert.equal(await plan('large.md', 'x'.repeat(1001)), 'too-large')
})

/** A server whose answers are given in order. @param {(Response | Error)[]} answers */
function answering(...answers) {
  /** @type {{ url: string, init: RequestInit }[]} */
  const asked = []
  const fetch = /** @type {typeof globalThis.fetch} */ (async (url, init) => {
    asked.push({ url: String(url), init: init ?? {} })
    const answer = answers.shift() ?? new Error('nothing is left to answer')
    if (answer instanceof Error) throw answer
    return answer
  })
  return { fetch, asked }
}
/** @param {number} status @param {unknown} body */
const json = (status, body) => new Response(JSON.stringify(body), { status })

test('a request says who asks and what it sends', async () => {
  const { fetch, asked } = answering(json(201, info('a')), new Response(null, { status: 204 }))
  const api = new Documents(() => 'Jürgen ☃', fetch)
  await api.create({ name: 'a', kind: 'markdown' })
  await api.removeForever('x/y')
  assert.equal(new Headers(asked[0].init.headers).get('X-Coscribe-Name'), encodeURIComponent('Jürgen ☃'))
  assert.equal(new Headers(asked[0].init.headers).get('Content-Type'), 'application/json')
  assert.equal(asked[0].init.body, '{"name":"a","kind":"markdown"}')
  assert.equal(asked[1].url, '/api/v1/documents/x%2Fy?forever=1')
  assert.equal(withQuery('/a', { b: '', c: undefined, d: 0 }), '/a?d=0')
})

test('every way a request fails has a code and a sentence', async () => {
  const calledOff = AbortSignal.abort()
  /** @param {Response | Error} answer @param {AbortSignal} [signal] */
  const failing = (answer, signal) => new Http(() => '', answering(answer).fetch).send('GET', '/', { signal }).then(() => assert.fail(), error => error)
  const known = await failing(json(409, { code: 'name-taken', detail: 'x' }))
  assert.deepEqual([known.code, known.status, explain(known)], ['name-taken', 409, 'There is a document of this name already.'])
  assert.equal(explain(await failing(json(418, { code: 'teapot', detail: 'It is a teapot' }))), 'It is a teapot')
  assert.equal((await failing(new Response('<html>', { status: 502 }))).code, 'unexpected')
  assert.equal((await failing(new Response('<html>'))).code, 'unexpected')
  const unreached = await failing(new TypeError('Failed to fetch'))
  assert.deepEqual([unreached.code, unreached.isUnreached, explain(unreached)], ['offline', true, 'The server cannot be reached.'])
  assert.equal((await failing(new TypeError('aborted'), calledOff)).code, 'aborted')
  const never = /** @type {typeof globalThis.fetch} */ ((_url, init) => new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))))
  const late = await new Http(() => '', never).send('GET', '/', { patience: 1 }).catch(error => error)
  assert.deepEqual([late.code, late.isUnreached], ['timeout', true])
})

/** A library over a server made of functions. @param {Partial<Documents>} api @param {import('../src/home/library.js').Local[]} [local] */
function libraryOf(api, local = []) {
  /** @type {Record<string, unknown>} */
  const described = {}
  const library = new Library({ api: /** @type {Documents} */ (api), readLocal: () => local, describeLocal: (name, about) => (described[name] = about), mayMove: () => true })
  return { library, described }
}
const names = (/** @type {{ name: string }[]} */ all) => all.map(({ name }) => name)

test('recent documents that a complete list does not hold are gone, but never those with unsent edits', async () => {
  const local = [{ name: 'here', at: 3 }, { name: 'gone', at: 2 }, { name: 'mine', at: 1, isUnsent: true }]
  const { library, described } = libraryOf({ list: async () => ({ documents: [info('here', { title: 'Here' })], next: null }) }, local)
  await library.readDevice()
  assert.deepEqual(names(library.recent.value), ['here', 'gone', 'mine'])
  await library.refresh()
  assert.deepEqual(names(library.recent.value), ['here', 'mine'])
  assert.deepEqual(described, { here: { title: 'Here', kind: 'rich' } })
})

test('recent documents on pages not read yet are asked about', async () => {
  const all = [info('first'), info('deep', { title: 'Deep' })]
  const { library } = libraryOf({
    list: async ({ query = '' } = {}) => (query ? { documents: all.filter(({ name }) => name === query), next: null } : { documents: [all[0]], next: 'more' }),
  }, [{ name: 'deep', at: 2 }, { name: 'gone', at: 1 }])
  await library.refresh()
  assert.deepEqual(titles(library.recent.value), ['Deep'])
})

test('an answer from before a removal does not bring the document back', async () => {
  /** @type {((documents: import('../src/api/types.js').DocumentInfo[]) => void)[]} */
  const answers = []
  const { library } = libraryOf({ list: () => new Promise(resolve => answers.push(documents => resolve({ documents, next: null }))) })
  const asked = async () => {
    while (answers.length === 0) await Promise.resolve()
  }
  const first = library.refresh()
  await asked()
  answers.shift()?.([info('a'), info('b')])
  await first
  const second = library.refresh()
  await asked()
  library.hide('a').done()
  answers.shift()?.([info('a'), info('b')])
  await asked()
  answers.shift()?.([info('b')])
  await second
  assert.deepEqual(names(library.documents.value), ['b'])
})

test('without the server the lists tell what opens on this device and what does not', async () => {
  const { library } = libraryOf({ list: async () => ({ documents: [info('here'), info('away')], next: null }) }, [{ name: 'here', at: 2, isHere: true }, { name: 'away', at: 1, isHere: false }])
  await library.refresh()
  const away = () => [...library.recent.value, ...library.all.value].filter(({ isAway }) => isAway)
  assert.deepEqual(names(away()), [])
  library.isOnline.value = false
  assert.deepEqual(names(away()), ['away', 'away'])
})

test('when the server goes away, what is shown stays', async () => {
  let isUp = true
  const { library } = libraryOf({ list: async () => (isUp ? { documents: [info('a')], next: null } : Promise.reject(new ApiError('offline', 0, ''))) })
  await library.refresh()
  isUp = false
  await library.refresh()
  assert.equal(library.state.value, 'ready')
  assert.equal(/** @type {ApiError} */ (library.problem.value).code, 'offline')
  assert.deepEqual(names(library.documents.value), ['a'])
  isUp = true
  await library.refresh()
  assert.equal(library.problem.value, null)
})

/** @param {Partial<Documents>} api */
function actionsOf(api) {
  /** @type {{ text: string, action?: { label: string, run: () => void } }[]} */
  const toasts = []
  /** @type {string[]} */
  const gone = []
  const { library } = libraryOf({ list: async () => ({ documents: [info('a'), info('b'), info('c')], next: null }), ...api })
  const actions = new Actions({ api: /** @type {Documents} */ (api), library, toast: (text, action) => toasts.push({ text, action }), go: path => gone.push(path), forgetLocal: () => {} })
  return { actions, library, toasts, gone }
}

test('a removed document is away at once, and back at its place when the server refuses or somebody undoes it', async () => {
  let refuses = true
  const { actions, library, toasts } = actionsOf({
    remove: async () => { if (refuses) throw new ApiError('busy', 503, '') },
    restore: async () => info('b'),
  })
  await library.refresh()
  const removing = actions.remove(library.all.value[1])
  assert.deepEqual(names(library.documents.value), ['a', 'c'])
  await removing
  assert.deepEqual(names(library.documents.value), ['a', 'b', 'c'])
  assert.equal(toasts[0].text, 'The server is busy. Try again in a moment.')
  refuses = false
  await actions.remove(library.all.value[1])
  assert.deepEqual(names(library.documents.value), ['a', 'c'])
  toasts[1].action?.run()
  while (library.documents.value.length < 3) await Promise.resolve()
  assert.deepEqual(names(library.documents.value), ['a', 'b', 'c'])
})

test('a new document opens with and without the server, and not when the server says no', async () => {
  /** @type {ApiError | null} */
  let problem = null
  const { actions, gone, toasts } = actionsOf({ create: async () => { if (problem) throw problem; return info('made') } })
  await actions.create('rich')
  problem = new ApiError('offline', 0, '')
  await actions.create('code')
  assert.equal(gone.length, 1, 'nobody gets two by a double click')
  actions.isCreating = false
  await actions.create('code')
  problem = new ApiError('unwritable', 503, '')
  actions.isCreating = false
  await actions.create('rich')
  assert.equal(gone.length, 2)
  assert.match(gone[0], /^\/d\/[0-9A-Za-z]{22}\?kind=rich$/)
  assert.match(gone[1], /\?kind=code$/)
  assert.equal(toasts.length, 1)
})

test('sizes are short', () => {
  assert.deepEqual([0, 940, 9_400, 999_400, 1_500_000, 52_000_000].map(saySize), ['0 kB', '0.9 kB', '9 kB', '999 kB', '1.5 MB', '52 MB'])
})

test('readings come one after the other, so that an old answer never covers a new one', async () => {
  /** @type {((result: import('../src/api/types.js').DocumentInfo[] | Error) => void)[]} */
  const answers = []
  const { library } = libraryOf({ list: () => new Promise((resolve, reject) => answers.push(result => (result instanceof Error ? reject(result) : resolve({ documents: result, next: null })))) })
  const readings = [library.refresh(), library.refresh()]
  while (answers.length === 0) await Promise.resolve()
  assert.equal(answers.length, 1)
  answers[0]([info('old')])
  while (answers.length === 1) await Promise.resolve()
  answers[1](new ApiError('offline', 0, ''))
  await Promise.all(readings)
  assert.equal(/** @type {ApiError} */ (library.problem.value).code, 'offline')
})
