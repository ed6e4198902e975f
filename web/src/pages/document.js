// Starts document.html: wires one document's connection, people, editor and what stands around them.
import { effect, html, render, signal } from '../../vendor/view.js'
import { Y } from '../../vendor/core.js'
import { kindOf } from '../device/kinds.js'
import { followMe, loadMe } from '../device/me.js'
import { nameIn } from '../device/names.js'
import { keepPagesOffline } from '../device/offline_pages.js'
import { followSettings, settings, showSettings } from '../device/settings.js'
import { fetchEditor } from '../editor/open.js'
import { followLanguage, settleLanguage, t } from '../i18n/index.js'
import { BASE, inApp } from '../mount/index.js'
import { attend } from '../presence/attendance.js'
import { introduce, whoIsHere } from '../presence/people.js'
import { shown, takeTokens } from '../mount/token.js'
import { SCHEMA, isKind } from '../sync/meta.js'
import { Provider } from '../sync/provider.js'
import { breathe } from '../ui/breathe.js'
import { LiveRegion } from '../ui/live.js'
import { withStyles } from '../ui/styles.js'
import { translatePage } from '../ui/static_text.js'
import { Toasts } from '../ui/toast.js'
import { followKeyboard } from '../ui/viewport.js'
import { listenToKeys } from './document/commands.js'
import { element, setDesk } from './document/desk.js'
import { startEditing } from './document/editing.js'
import { drawFrame } from './document/frame.js'
import { followStatus, keepEdits, openStore } from './document/keeping.js'

takeTokens()
const name = nameIn(location.pathname)
if (name === null) location.replace(inApp('/404.html'))
else start(name)

/** @param {string} name */
async function start(name) {
  const kind = [new URLSearchParams(location.search).get('kind'), kindOf(name), 'rich'].find(isKind) ?? 'rich'
  // Its bytes travel while the document does.
  fetchEditor(kind)
  showSettings()
  await settleLanguage()
  // Evaluating the modules took long; drawing will.
  await breathe()
  const doc = new Y.Doc()
  const server = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}${BASE}`
  const store = openStore()
  const provider = new Provider({ server, name, doc, store, app: SCHEMA, token: () => shown(provider.name) })
  const me = signal(loadMe())
  introduce(provider.awareness, me.value)
  const desk = setDesk({ provider, me, people: followPeople(provider, me), status: followStatus(provider), kind: signal(kind) })

  translatePage()
  effect(() => void (document.title = desk.editor.value ? `${desk.meta.value.title || t('common.untitled')} · Coscribe` : 'Coscribe'))
  drawFrame(desk)
  render(html`<${LiveRegion} /><${Toasts} />`, element('messages'))

  startEditing(desk)
  keepLog(desk)
  colourAuthors(desk)
  followRenaming(desk)
  heedRequests(desk)
  listenToKeys(desk)
  followKeyboard()
  tipsWhenNeeded()
  guardPage(provider, me)
  keepEdits(provider, store)
  keepPagesOffline()
  followOtherTabs(desk)
  attend(provider.awareness)
  provider.connect()
}

/** @param {Provider} provider @param {{ value: import('../device/me.js').Person }} me */
function followPeople(provider, me) {
  const people = signal(whoIsHere(provider.awareness, me.value.id))
  provider.awareness.on('change', () => {
    introduce(provider.awareness, me.value)
    people.value = whoIsHere(provider.awareness, me.value.id)
  })
  return people
}

/** What others do is noted from the moment there are others. @param {import('./document/desk.js').Desk} desk */
function keepLog(desk) {
  effect(() => {
    if (desk.people.value.length > 1) import('./document/log.js').then(({ activityOf }) => activityOf(desk))
  })
}

/** Who wrote what is shown to those who ask for it. @param {import('./document/desk.js').Desk} desk */
function colourAuthors(desk) {
  let isNeeded = false
  effect(() => {
    if (isNeeded || settings.authors.value === 'off' || !desk.editor.value) return
    isNeeded = true
    withStyles('history', import('./document/author_colours.js')).then(({ followAuthors }) => followAuthors(desk))
  })
}

/** Somebody gave the document another name: the page goes along. @param {import('./document/desk.js').Desk} desk */
function followRenaming({ provider }) {
  let { name } = provider
  provider.subscribe(() => {
    if (provider.name === name) return
    const before = name
    name = provider.name
    import('./document/renamed.js').then(({ goAlong }) => goAlong(before, name))
  })
}

/** An owner is shown who asks for access, at once. @param {import('./document/desk.js').Desk} desk */
function heedRequests(desk) {
  let read = -1
  desk.provider.subscribe(() => {
    const { access, isOpen, loaded, knocks } = desk.provider.facts
    if (access !== 'owner' || isOpen || !loaded || knocks === read) return
    read = knocks
    import('./document/asked.js').then(({ readRequests }) => readRequests(desk))
  })
}

/** The person, the looks and the language are those of the device. @param {import('./document/desk.js').Desk} desk */
function followOtherTabs({ provider, me }) {
  followSettings()
  followLanguage()
  followMe(name => {
    me.value = { ...me.value, name }
    introduce(provider.awareness, me.value)
  })
}

/** Names of icons are of use from the first pointer or focus on one. */
function tipsWhenNeeded() {
  const needed = new AbortController()
  const start = (/** @type {Event} */ event) => {
    if (!(event.target instanceof Element && event.target.closest('[data-tip]'))) return
    needed.abort()
    withStyles('parts', import('../ui/tooltip.js')).then(({ startTooltips }) => startTooltips(event))
  }
  for (const sign of ['pointerover', 'focusin']) document.addEventListener(sign, start, { signal: needed.signal })
}

/** Leaving and coming back: presence and the connection. @param {Provider} provider @param {{ value: import('../device/me.js').Person }} me */
function guardPage(provider, me) {
  const { awareness } = provider
  const leave = () => awareness.setLocalState(null)
  const arrive = () => {
    if (awareness.getLocalState() === null) awareness.setLocalState({})
    introduce(awareness, me.value)
    provider.probe()
  }
  addEventListener('online', () => provider.probe())
  addEventListener('offline', () => provider.probe())
  addEventListener('focus', () => provider.probe())
  addEventListener('pagehide', leave)
  addEventListener('pageshow', event => event.persisted && arrive())
  document.addEventListener('visibilitychange', () => (document.visibilityState === 'hidden' ? leave() : arrive()))
}
