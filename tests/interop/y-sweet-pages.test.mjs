// y-sweet's React package and its offline support, unmodified, in a page that jsdom makes.

import 'fake-indexeddb/auto'

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { JSDOM } from 'jsdom'

import { load } from './lib/documents.mjs'
import { startServer } from './lib/server.mjs'
import { until, within } from './lib/wait.mjs'
import { KEY, SERVER_TOKEN, manager, mortalSockets, page } from './lib/y-sweet-app.mjs'

/** A page: the key to what is kept offline is in a cookie, for which the site must be secure. */
const dom = new JSDOM('<!doctype html><div id="one"></div><div id="other"></div>', {
  url: 'https://app.example/',
})
Object.assign(globalThis, { window: dom.window, document: dom.window.document })
globalThis.navigator ??= dom.window.navigator
after(() => dom.window.close())

const guarded = (t) => startServer(t, { args: ['--y-sweet-auth', KEY] })

test('what was written offline survives the page and reaches the server', async (t) => {
  const server = await guarded(t)
  const app = manager(server, SERVER_TOKEN)
  await app.createDoc('plan')
  const offline = { offlineSupport: true, connect: false }
  const first = await page(server, app, 'plan', { options: offline })
  await until('the store is open', () => first.provider.indexedDBProvider)
  // The client tells other tabs once it has kept something.
  const otherTab = new BroadcastChannel('y-sweet-plan')
  const kept = new Promise((resolve) => { otherTab.onmessage = resolve })
  first.text.insert(0, 'kept')
  await within('it to be kept', kept)
  otherTab.close()
  first.close()

  const second = await page(server, app, 'plan', { options: offline })
  await until('it is back', () => second.text.toString() === 'kept')
  second.provider.connect()
  await second.connected()
  await until('it has arrived', async () => {
    const there = load(await app.getDocAsUpdate('plan'))
    return there.getText('text').toString() === 'kept'
  })
})

test('hooks of the React package show what others write', async (t) => {
  const server = await guarded(t)
  const app = manager(server, SERVER_TOKEN)
  const { Socket, end } = mortalSockets()
  globalThis.WebSocket = Socket
  const React = await import('react')
  const { createRoot } = await import('react-dom/client')
  const ySweet = await import('@y-sweet/react')
  const seen = { one: null, other: null }

  function Shown({ id }) {
    const text = ySweet.useText('text')
    const status = ySweet.useConnectionStatus()
    const unsaved = ySweet.useHasLocalChanges()
    const presence = ySweet.usePresence()
    const setPresence = ySweet.usePresenceSetter()
    const provider = ySweet.useYjsProvider()
    seen[id] = { text, status, unsaved, presence, setPresence, provider }
    return React.createElement('p', null, text.toString())
  }

  function Page({ id }) {
    const authEndpoint = () => app.getOrCreateDocAndToken('plan')
    const props = { docId: 'plan', authEndpoint, showDebuggerLink: false }
    return React.createElement(ySweet.YDocProvider, props, React.createElement(Shown, { id }))
  }

  const roots = Object.keys(seen).map((id) => {
    const root = createRoot(document.getElementById(id))
    root.render(React.createElement(Page, { id }))
    return root
  })
  server.endings.push(() => {
    end()
    Object.values(seen).forEach((it) => it?.provider.awareness.destroy())
    roots.forEach((root) => root.unmount())
  })

  const both = (holds) => Object.values(seen).every((it) => it !== null && holds(it))
  await until('both pages are connected', () => both((it) => it.status === 'connected'))
  seen.one.text.insert(0, 'from one')
  seen.other.setPresence({ user: 'other' })
  const shown = (id) => document.getElementById(id).textContent
  await until('the other page shows it', () => shown('other') === 'from one')
  assert.equal(shown('one'), 'from one')
  await until('presence is shown', () =>
    [...seen.one.presence.values()].some((state) => state.user === 'other'))
  await until('it is saved', () => !seen.one.unsaved && !seen.one.provider.hasLocalChanges)
})
