// Unmodified Hocuspocus providers, Tiptap's among them, where rights matter: tokens that are fetched
// anew while there is time, rights that are lowered, taken and given back while somebody types.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { test } from 'node:test'
import * as hocuspocus2 from 'hocuspocus-2'
import * as hocuspocus3 from 'hocuspocus-3'
import * as hocuspocus4 from 'hocuspocus-4'
import * as Y from 'yjs'

import { hocuspocusProvider, hocuspocusSocket } from './lib/clients.mjs'
import { startServer } from './lib/server.mjs'
import { watchedSockets } from './lib/sockets.mjs'
import { until, within } from './lib/wait.mjs'

const SECRET = 'a secret that only the app of these tests knows'

/** How each kind of provider is made, and what it knows of. */
const kinds = [
  { name: 'Hocuspocus 4.8', create: withPackage(hocuspocus4), refreshes: true },
  { name: 'Hocuspocus 3.4', create: withPackage(hocuspocus3), refreshes: true },
  { name: 'Hocuspocus 2.15', create: withPackage(hocuspocus2), refreshes: false },
  // It edits the document before it connects, and counts below zero from then on.
  { name: 'TiptapCollabProvider', create: tiptap, refreshes: false, counts: false },
]

function withPackage(version) {
  return (url, watched, name, options) => {
    const socket = hocuspocusSocket(version, url, watched)
    return { socket, provider: hocuspocusProvider(version, socket, name, options) }
  }
}

/** As its documentation says for servers of one's own: with `baseUrl`, and a user. */
function tiptap(url, watched, name, options) {
  const socket = new hocuspocus2.TiptapCollabProviderWebsocket({
    baseUrl: url,
    WebSocketPolyfill: watched.Socket,
    delay: 200,
    minDelay: 100,
    maxDelay: 1000,
  })
  const provider = new hocuspocus2.TiptapCollabProvider({
    websocketProvider: socket, name, user: 'u1', broadcast: false, ...options,
  })
  return { socket, provider }
}

/** Somebody who has a document open. */
function person(at, kind, name, options) {
  const watched = watchedSockets()
  const doc = new Y.Doc()
  const { socket, provider } = kind.create(at.ws, watched, name, { document: doc, ...options })
  const it = { provider, socket, doc, sockets: watched.sockets, text: doc.getText('text'), failures: 0 }
  provider.on('authenticationFailed', () => { it.failures += 1 })
  it.saved = () => provider.isSynced && !provider.hasUnsyncedChanges
  it.close = () => {
    provider.destroy()
    socket.destroy()
    provider.awareness?.destroy()
    watched.sockets.forEach((one) => one.terminate())
  }
  at.endings.push(it.close)
  return it
}

/** A token that ends so many seconds from now. */
function token(seconds, claims = { role: 'edit' }) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const exp = Date.now() / 1000 + seconds
  const said = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'u1', exp, ...claims })}`
  return `${said}.${createHmac('sha256', SECRET).update(said).digest('base64url')}`
}

/** An app that is asked who may do what; `rights.access` is what it says. */
async function app(t, rights) {
  const server = createServer((request, answer) => {
    let body = ''
    request.on('data', (text) => { body += text })
    request.on('end', () => {
      rights.asked = JSON.parse(body)
      const access = rights.asked.token === 'reader' ? 'view' : rights.access
      answer.writeHead(access ? 200 : 403, { 'content-type': 'application/json' })
      answer.end(JSON.stringify({ access, user: { id: 'u1', name: 'Ada' } }))
    })
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  t.after(() => server.close())
  return `http://127.0.0.1:${server.address().port}/rights`
}

for (const kind of kinds.filter((it) => it.refreshes)) {
  test(`${kind.name} is asked for a fresh token while there is time, and goes on`, async (t) => {
    const server = await startServer(t, { args: ['--auth-secret', SECRET] })
    let asked = 0
    // Tokens count for five seconds more, and fresh ones are asked for ten seconds ahead.
    const fresh = () => token(asked++ === 0 ? 6 : 600)
    const it = person(server, kind, 'notes', { token: fresh })
    await until('it is saved', it.saved)
    it.text.insert(0, 'before ')
    await until('it is asked for another token', () => asked === 2)
    it.text.insert(0, 'after ')
    await until('it goes on', it.saved)
    assert.equal(it.failures, 0)
    assert.equal(it.sockets.length, 1, 'the connection was kept')
  })
}

for (const kind of kinds) {
  test(`${kind.name} hears when its token has ended, and comes back with another`, async (t) => {
    const server = await startServer(t, { args: ['--auth-secret', SECRET] })
    let shown = token(3)
    const it = person(server, kind, 'notes', { token: () => shown })
    await until('it is in', it.saved)
    it.text.insert(0, 'in time ')
    await until('it is saved', it.saved)
    await until('it hears of the end', () => it.failures > 0)
    it.text.insert(0, 'too late ')
    shown = token(600)
    it.socket.disconnect()
    await until('it is offline', () => it.sockets.every((one) => one.readyState === 3))
    // Version 2 has left the socket after the no; later ones are still at it.
    await ('isAttached' in it.provider ? it.socket : it.provider).connect()
    const reader = person(server, kinds[0], 'notes', { token: token(600, { role: 'view' }) })
    await until('what was typed meanwhile arrives', () => `${reader.text}` === 'too late in time ', {
      state: () => [`${reader.text}`, it.failures, it.sockets.length],
    })
  })

  test(`${kind.name}: what is typed after rights were lowered changes nothing`, async (t) => {
    const rights = { access: 'edit' }
    const url = await app(t, rights)
    const server = await startServer(t, { args: ['--auth-url', url, '--auth-recheck', '1s'] })
    const it = person(server, kind, 'notes', { token: 'writer' })
    const reader = person(server, kinds[0], 'notes', { token: 'reader' })
    await until('both are in', () => it.saved() && reader.provider.isSynced)
    assert.equal(reader.provider.authorizedScope, 'readonly')
    it.text.insert(0, 'allowed')
    await until('it arrives', () => `${reader.text}` === 'allowed')

    rights.access = 'view'
    await until('it hears that it may only read', () => it.provider.authorizedScope === 'readonly')
    it.text.insert(0, 'not ')
    it.provider.awareness.setLocalStateField('word', 'still here')
    const shows = () => [...reader.provider.awareness.getStates().values()].some((state) => state.word)
    await until('it is seen', shows)
    assert.equal(`${reader.text}`, 'allowed')
    if (kind.counts !== false) assert.ok(it.provider.hasUnsyncedChanges, 'it takes for saved what was refused')

    rights.access = 'edit'
    await until('it may write again', () => it.provider.authorizedScope === 'read-write')
    await until('what it did meanwhile is asked for', () => `${reader.text}` === 'not allowed')
    assert.equal(it.failures, 0)
    assert.equal(it.sockets.length, 1, 'the connection was kept')
  })

  test(`${kind.name}: whose rights are taken while it types is out, and the others stay`, async (t) => {
    const rights = { access: 'edit' }
    const url = await app(t, rights)
    const server = await startServer(t, { args: ['--auth-url', url, '--auth-recheck', '1s'] })
    const it = person(server, kind, 'notes', { token: 'writer' })
    const reader = person(server, kinds[0], 'notes', { token: 'reader' })
    await until('both are in', () => it.saved() && reader.provider.isSynced)
    it.provider.awareness.setLocalStateField('word', 'here')
    const shown = () => [...reader.provider.awareness.getStates().values()].some((state) => state.word)
    await until('it is seen', shown)
    it.text.insert(0, 'allowed')
    await until('it arrives', () => `${reader.text}` === 'allowed')

    rights.access = null
    let typed = 0
    const out = (async () => {
      while (it.failures === 0) {
        it.text.insert(it.text.length, '.')
        typed += 1
        await new Promise((done) => setTimeout(done, 20))
      }
    })()
    await within('it hears that it is out', out)
    await until('it is no longer seen', () => !shown())
    const then = `${reader.text}`
    it.text.insert(0, 'not ')
    it.provider.awareness.setLocalStateField('word', 'still here')
    // Answered after everything that came before it.
    await reader.provider.forceSync()
    assert.equal(`${reader.text}`, then)
    assert.ok(!shown() && typed > 0)
    assert.equal(reader.failures, 0)
    const stored = await fetch(`${server.http}/api/v1/documents/notes/content.txt`, {
      headers: { authorization: 'Bearer reader' },
    })
    assert.equal(stored.status, 200)
    assert.ok(!(await stored.text()).includes('not '))
  })
}
