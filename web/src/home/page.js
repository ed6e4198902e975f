// The home page as a whole: head, documents of this device, all documents or the results of a search.
import { html, useEffect, useState } from '../../vendor/view.js'
import { ApiError } from '../api/http.js'
import { explain } from '../api/problems.js'
import { pathOf } from '../device/names.js'
import { t } from '../i18n/index.js'
import '../i18n/home.js'
import { inApp } from '../mount/index.js'
import { signInAddress } from '../mount/sign_in.js'
import { Icon } from '../ui/icon.js'
import '../ui/icons/things.js'
import { announce } from '../ui/live.js'
import { DropOverlay, ImportTray } from './drop.js'
import { Foot } from './foot.js'
import { search } from './items.js'
import { DocumentList, Skeleton } from './list.js'
import { Banner, Empty, Failed, NoHits, Unlisted } from './states.js'
import { Top, pathInLink } from './top.js'
import { sayKind } from './words.js'

/** Sheets shown of the documents of this device, beside the server's list. */
const RECENT_MOST = 5
/** A server is asked, and a result said, when typing has paused this long, in ms. */
const ASK_AFTER = 150
const SAY_AFTER = 700

/** @typedef {import('./items.js').Item} Item */
/** @typedef {import('./list.js').Look} Look */

/**
 * @typedef {object} Parts
 * @property {import('./library.js').Library} library
 * @property {import('./actions.js').Actions} actions
 * @property {import('./importing.js').Importing} importing
 * @property {{ value: Look }} look
 */

/** @param {Parts} parts */
export function Home({ library, actions, importing, look }) {
  // Other pages search here by `/?query=`.
  const [query, setQuery] = useState(() => new URLSearchParams(location.search).get('query') ?? '')
  const found = useFound(library, query)
  const results = query.trim() ? search(unique([...library.recent.value, ...library.all.value, ...found]), query, sayKind) : null
  useCount(results, query)
  const onEnter = () => {
    const path = pathInLink(query) ?? (results?.[0] && pathOf(results[0].name))
    if (path) location.assign(path)
  }
  const onFiles = (/** @type {File[]} */ files) => void importing.add(files)
  const retry = () => void library.refresh()
  return html`
    <${Top} query=${query} onQuery=${setQuery} onEnter=${onEnter} onDown=${enterList} actions=${actions} onFiles=${onFiles} />
    <main id="main">
      <h1 class="unseen">${t('home.title')}</h1>
      <${Notice} library=${library} onRetry=${retry} />
      ${results
        ? html`<section class="block" aria-labelledby="results-title">
            <div class="block-head"><h2 id="results-title">${t('home.results')}</h2><span class="block-count">${results.length}</span></div>
            ${results.length ? html`<${DocumentList} items=${results} look="list" label="results-title" actions=${actions} query=${query} />` : html`<${NoHits} query=${query} actions=${actions} />`}
          </section>`
        : html`<${Shelves} library=${library} actions=${actions} look=${look} onFiles=${onFiles} onRetry=${retry} />`}
    </main>
    ${library.state.value !== 'loading' && html`<${Foot} />`}
    <${ImportTray} importing=${importing} />
    <${DropOverlay} />
  `
}

/** Both lists, or what stands in their place. @param {{ library: Parts['library'], actions: Parts['actions'], look: Parts['look'], onFiles: (files: File[]) => void, onRetry: () => void }} props */
function Shelves({ library, actions, look, onFiles, onRetry }) {
  const state = library.state.value
  const recent = library.recent.value
  const all = library.all.value
  if (state === 'ready' && all.length === 0 && recent.length === 0) return html`<${Empty} actions=${actions} onFiles=${onFiles} hasBin />`
  const isAlone = state === 'not-listed' || state === 'failed'
  return html`
    ${recent.length > 0 && html`<section class="block" aria-labelledby="recent-title">
      <div class="block-head"><h2 id="recent-title">${t('home.recent')}</h2><span class="grow"></span>${isAlone && html`<${Tools} look=${look} hasBin=${state !== 'not-listed'} />`}</div>
      <${DocumentList} items=${isAlone ? recent : shelf(recent)} look=${isAlone ? look.value : 'cards'} label="recent-title" actions=${actions} isRecent isShelf=${!isAlone} />
    </section>`}
    ${state === 'not-listed' && html`${recent.length === 0 && html`<${Empty} actions=${actions} onFiles=${onFiles} hasBin=${false} />`}<${Unlisted} />`}
    ${state === 'failed' && recent.length === 0 && html`<${Failed} text=${explain(library.problem.value)} onRetry=${onRetry} signIn=${signInFor(library.problem.value)} />`}
    ${(state === 'ready' || state === 'loading') && html`<section class="block" aria-labelledby="all-title">
      <div class="block-head"><h2 id="all-title">${t('home.all')}</h2><span class="grow"></span><${Tools} look=${look} hasBin /></div>
      ${state === 'loading' ? html`<${Skeleton} look=${look.value} />` : html`<${DocumentList} items=${all} look=${look.value} label="all-title" actions=${actions} />`}
      ${library.next.value && html`<div class="more"><button class="button" type="button" aria-disabled=${library.isLoadingMore.value} onClick=${() => showMore(library)}>${t('home.more')}</button></div>`}
    </section>`}
  `
}

/** The newest few; what was not sent yet comes first and is never left out. @param {Item[]} recent */
function shelf(recent) {
  const unsent = recent.filter(({ isUnsent }) => isUnsent)
  return [...unsent, ...recent.filter(({ isUnsent }) => !isUnsent)].slice(0, Math.max(RECENT_MOST, unsent.length))
}

/** Appends a page; the focus goes to its first document. @param {import('./library.js').Library} library */
async function showMore(library) {
  const before = library.all.value.length
  try {
    await library.more()
    announce(t('home.shown', { count: library.all.value.length }))
    const first = library.all.value[before]?.name
    requestAnimationFrame(() => /** @type {HTMLElement | null} */ (document.querySelector(`[aria-labelledby=all-title] li[data-name="${CSS.escape(first ?? '')}"] a`))?.focus({ preventScroll: true }))
  } catch (error) {
    announce(explain(error))
    library.problem.value = error
  }
}

/** @param {{ look: Parts['look'], hasBin: boolean }} props a server without a list tells nothing of its bin either */
function Tools({ look, hasBin }) {
  const choice = (/** @type {Look} */ to, /** @type {string} */ icon, /** @type {string} */ label) =>
    html`<button class="tool" type="button" aria-label=${label} title=${label} aria-pressed=${look.value === to} onClick=${() => (look.value = to)}><${Icon} name=${icon} /></button>`
  return html`${hasBin && html`<a class="tool tool-bin" href=${inApp('/bin')} title=${t('home.bin')}><${Icon} name="bin" /><span>${t('home.bin')}</span></a>`}
    <div class="looks" role="group" aria-label=${t('home.look')}>${choice('list', 'viewList', t('home.look.list'))}${choice('cards', 'viewCards', t('home.look.cards'))}</div>`
}

/** Why the page may not be up to date. @param {{ library: Parts['library'], onRetry: () => void }} props */
function Notice({ library, onRetry }) {
  if (!library.isOnline.value) return html`<${Banner} text=${t('home.offline')} onRetry=${null} />`
  const hasOwnPlace = library.state.value === 'failed' && library.recent.value.length === 0
  if (!library.problem.value || hasOwnPlace) return null
  const text = library.problem.value instanceof ApiError && library.problem.value.isUnreached ? t('home.unreached') : explain(library.problem.value)
  return html`<${Banner} text=${text} onRetry=${onRetry} signIn=${signInFor(library.problem.value)} />`
}

/** Where to sign in when that is what the server wants. @param {unknown} problem */
function signInFor(problem) {
  return problem instanceof ApiError && problem.code === 'unauthorized' ? signInAddress() : null
}

/** What the server finds beyond the pages read so far. @param {import('./library.js').Library} library @param {string} query */
function useFound(library, query) {
  const [found, setFound] = useState(/** @type {Item[]} */ ([]))
  useEffect(() => {
    if (!query.trim()) return setFound([])
    const calling = new AbortController()
    const timer = setTimeout(() => library.find(query.trim(), calling.signal).then(setFound, () => undefined), ASK_AFTER)
    return () => {
      clearTimeout(timer)
      calling.abort()
    }
  }, [query])
  return found
}

/** Says how many results there are when typing pauses. @param {Item[] | null} results @param {string} query */
function useCount(results, query) {
  const count = results?.length
  useEffect(() => {
    if (count === undefined) return undefined
    const timer = setTimeout(() => announce(t('home.count', { count })), SAY_AFTER)
    return () => clearTimeout(timer)
  }, [count, query])
}

function enterList() {
  /** @type {HTMLElement | null} */ (document.querySelector('main .item-link[tabindex="0"]'))?.focus()
}

/** @param {Item[]} items */
const unique = items => [...new Map(items.map(item => [item.name, item])).values()]
