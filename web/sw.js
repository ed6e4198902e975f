// Keeps the pages, not the documents, so that they open without the server. One cache per release, filled when the
// release is installed; __PRECACHE__ and __RELEASE__ are written by the server. Classic script, no imports.

const RELEASE = '__RELEASE__'
/** Where in its site the app is: what its addresses begin with. */
const BASE = self.location.pathname.replace(/\/sw\.js$/, '')
/** Everything that pages may need, now or later. @type {string[]} */
const FILES = /** @type {any} */ (__PRECACHE__).map((/** @type {string} */ path) => BASE + path)
/** Pages, and the address that each is kept under: all documents share one shell. Without the needed ones nothing is installed. */
const PAGES = [
  { path: /^\/$/, kept: '/', isNeeded: true },
  { path: /^\/d\/./, kept: '/d/_', isNeeded: true },
  { path: /^\/h\/./, kept: '/h/_', isNeeded: false },
  { path: /^\/bin$/, kept: '/bin', isNeeded: false },
  { path: /^\/about$/, kept: '/about', isNeeded: false },
]
/** Files that a server reads from a folder have no release: what comes is always newest, and replaces what was kept. */
const IS_CHANGING = RELEASE === 'directory'
const PREFIX = `coscribe${BASE}-`
const CACHE = PREFIX + RELEASE
/** A page that takes longer than this comes from the cache, in ms. */
const PATIENCE = 3000

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self))

worker.addEventListener('install', event => event.waitUntil(install()))
// Only now is no page of an older release open; until then its cache has what such a page may still ask for.
worker.addEventListener('activate', event => event.waitUntil(Promise.all([removeOlder(), worker.clients.claim()])))
worker.addEventListener('fetch', event => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return
  if (request.mode === 'navigate') {
    const page = PAGES.find(({ path }) => url.pathname.startsWith(`${BASE}/`) && path.test(url.pathname.slice(BASE.length)))
    if (page) event.respondWith(fromNetwork(event, BASE + page.kept))
  } else if (FILES.includes(url.pathname)) {
    event.respondWith(IS_CHANGING ? fromNetwork(event, url.pathname) : fromCache(event, url.pathname))
  }
})

async function install() {
  const cache = await caches.open(CACHE)
  // Whatever an intermediate cache holds may be of another release.
  const fresh = (/** @type {string[]} */ paths) => cache.addAll(paths.map(path => new Request(path, { cache: 'no-cache' })))
  await fresh([...FILES, ...PAGES.filter(({ isNeeded }) => isNeeded).map(({ kept }) => BASE + kept)])
  for (const { kept, isNeeded } of PAGES) if (!isNeeded) await fresh([BASE + kept]).catch(() => {})
}

async function removeOlder() {
  const names = await caches.keys()
  await Promise.all(names.filter(name => name.startsWith(PREFIX) && name !== CACHE).map(name => caches.delete(name)))
}

/**
 * The file of this release; its name changes with its content.
 * @param {FetchEvent} event
 * @param {string} kept
 */
async function fromCache(event, kept) {
  const cache = await caches.open(CACHE)
  return (await cache.match(kept)) ?? fetch(event.request)
}

/**
 * What the server has now, or, when it does not answer in time, what was kept.
 * @param {FetchEvent} event
 * @param {string} kept
 */
async function fromNetwork(event, kept) {
  const cache = await caches.open(CACHE)
  const fetched = fetch(event.request)
  const stored = IS_CHANGING && fetched.then(answer => (answer.ok ? cache.put(kept, answer.clone()) : undefined))
  if (stored) event.waitUntil(stored.catch(() => {}))
  const late = new Promise(resolve => setTimeout(resolve, PATIENCE)).then(() => cache.match(kept))
  // A proxy answers in the place of a server that is away; its words help nobody who could write offline.
  const answered = fetched.then(answer => (answer.status < 500 ? answer : undefined), () => undefined)
  return (await Promise.race([answered, late])) ?? (await cache.match(kept)) ?? fetched
}
