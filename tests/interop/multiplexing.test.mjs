// What only Hocuspocus does: several documents on one socket, tokens, stateless messages, CLOSE.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as hocuspocus2 from 'hocuspocus-2'
import * as hocuspocus3 from 'hocuspocus-3'
import * as hocuspocus4 from 'hocuspocus-4'
import * as Y from 'yjs'

import { client, closeAll, family, hocuspocusProvider, hocuspocusSocket } from './lib/clients.mjs'
import { addressed, connect, frame, frameThat, step1, update } from './lib/frames.mjs'
import { startServer } from './lib/server.mjs'
import { watchedSockets } from './lib/sockets.mjs'
import { pause, until } from './lib/wait.mjs'

const packages = [['4.8', hocuspocus4], ['3.4', hocuspocus3], ['2.15', hocuspocus2]]

/** One socket of a version, and a way to open documents on it. */
function oneSocket(server, version) {
  const watched = watchedSockets({ record: true })
  const socket = hocuspocusSocket(version, server.ws, watched)
  const awarenesses = []
  server.endings.push(() => {
    socket.destroy()
    awarenesses.forEach((it) => it.destroy())
  })
  const open = (name, options = {}) => {
    const document = new Y.Doc()
    const provider = hocuspocusProvider(version, socket, name, { document, ...options })
    // A first state, at clock 0, is one that Yjs clients do not show.
    provider.awareness.setLocalStateField('user', { name })
    awarenesses.push(provider.awareness)
    return provider
  }
  return { open, sockets: watched.sockets }
}

const text = (provider) => provider.document.getText('text')
const isSaved = (provider) => provider.isSynced && provider.unsyncedChanges === 0

for (const [version, imported] of packages) {
  test(`Hocuspocus ${version}: three documents share a socket, and one may leave`, async (t) => {
    const server = await startServer(t)
    const { open, sockets } = oneSocket(server, imported)
    const providers = ['one', 'two', 'three'].map((name) => open(name))
    await until('all are synced', () => providers.every((it) => it.isSynced))
    providers.forEach((it, index) => text(it).insert(0, `text ${index}`))
    await until('all are saved', () => providers.every(isSaved))
    const watcher = client(family('y-websocket 3'), server, 'two')
    const names = () => watcher.awareness.getStates().size
    await until('the watcher sees the second', () => names() === 2)
    providers[1].destroy()
    await until('the second has left', () => names() === 1)
    for (const it of [providers[0], providers[2]]) text(it).insert(0, 'still ')
    await until('the others go on', () => [providers[0], providers[2]].every(isSaved))
    const again = open('two')
    await until('the second is back', () => text(again).toString() === 'text 1')
    assert.equal(sockets.length, 1, 'the socket was kept')
    await closeAll([watcher])
  })

  test(`Hocuspocus ${version} is never sent a type it cannot read`, async (t) => {
    const server = await startServer(t)
    const { open, sockets } = oneSocket(server, imported)
    const provider = open('types')
    const other = client(family('Hocuspocus 4'), server, 'types')
    await until('both are synced', () => provider.isSynced && other.synced())
    text(provider).insert(0, 'a')
    other.provider.sendStateless('hello')
    await until('it is saved', () => isSaved(provider))
    const known = new Set([0, 1, 2, 5, 7, 8])
    for (const bytes of sockets[0].received) {
      assert.notEqual(bytes.length, 1, 'a ping, which versions 2 and 3 cannot read')
      assert.ok(known.has(addressed(bytes).type), `type ${addressed(bytes).type}`)
    }
    await closeAll([other])
  })
}

test('two providers of one name share a socket when they are aware of sessions', async (t) => {
  const server = await startServer(t)
  const { open, sockets } = oneSocket(server, hocuspocus4)
  const [a, b] = [1, 2].map(() => open('same', { sessionAwareness: true }))
  await until('both are synced', () => a.isSynced && b.isSynced)
  text(a).insert(0, 'from a')
  await until('the other sees it', () => text(b).toString() === 'from a')
  const plain = client(family('y-websocket 3'), server, 'same')
  await until('it is the document of that name', () => plain.doc.getText('text').toString() === 'from a')
  a.destroy()
  text(b).insert(0, 'b goes on ')
  await until('the other goes on', () => plain.doc.getText('text').toString() === 'b goes on from a')
  await until('both are saved', () => isSaved(b))
  assert.equal(sockets.length, 1)
  await closeAll([plain])
})

test('an update that comes before the token waits for it', async (t) => {
  const server = await startServer(t)
  const it = await connect(server.ws)
  const doc = new Y.Doc()
  doc.getText('text').insert(0, 'early')
  const says = (...parts) => it.socket.send(Buffer.concat([frame('early'), ...parts]))
  says(update(doc))
  await pause(100)
  assert.equal(it.received.length, 0, 'something was answered before the token')
  says(frame(2, 0, 'T0K', '4.8.0'))
  says(step1(doc))
  const types = () => it.received.map((bytes) => addressed(bytes).type)
  await until('it is answered', () => types().includes(2) && types().includes(8) && types().includes(0))
  assert.equal(types()[0], 2, 'authenticated comes first')
  const reader = client(family('y-websocket 3'), server, 'early')
  await until('the update was taken', () => reader.doc.getText('text').toString() === 'early')
  it.socket.terminate()
  await closeAll([reader])
})

test('a token is answered with what it permits, every time', async (t) => {
  const server = await startServer(t)
  const it = client(family('Hocuspocus 4'), server, 'tokens')
  let granted = 0
  it.provider.on('authenticated', () => { granted += 1 })
  await until('it is authenticated', () => it.provider.isAuthenticated && it.saved())
  assert.equal(it.provider.authorizedScope, 'read-write')
  const before = granted
  await it.provider.sendToken()
  await until('the second token is answered', () => granted === before + 1)
  it.doc.getText('text').insert(0, 'go on')
  await until('it goes on', () => it.saved())
  await closeAll([it])
})

test('a CLOSE ends a document on the socket and is answered', async (t) => {
  const server = await startServer(t)
  const it = await connect(server.ws)
  const says = (...parts) => it.socket.send(frame(...parts))
  for (const name of ['stays', 'goes']) {
    says(name, 2, 0, '', '4.8.0')
    it.socket.send(Buffer.concat([frame(name), step1()]))
  }
  const at = (name, type) => (bytes) => addressed(bytes).address === name && addressed(bytes).type === type
  await frameThat('both are synced', it, at('stays', 0))
  await frameThat('both are synced', it, at('goes', 0))
  says('goes', 7)
  await frameThat('the close is answered', it, at('goes', 7))
  const from = it.received.length
  const doc = new Y.Doc()
  doc.getText('text').insert(0, 'more')
  it.socket.send(Buffer.concat([frame('stays'), update(doc)]))
  await frameThat('the other goes on', it, at('stays', 8), from)
  const writer = client(family('y-websocket 3'), server, 'goes')
  writer.doc.getText('text').insert(0, 'unheard')
  await until('the writer is synced', () => writer.synced())
  await pause(100)
  assert.ok(!it.received.slice(from).some((bytes) => addressed(bytes).address === 'goes'))
  it.socket.terminate()
  await closeAll([writer])
})

test('a stateless message reaches the others of its document and nobody else', async (t) => {
  const server = await startServer(t)
  const heard = []
  const listen = (start, name) => {
    const it = client(family(start), server, name)
    it.provider.on('stateless', ({ payload }) => heard.push(`${name}/${it.family.name}: ${payload}`))
    return it
  }
  const clients = [
    listen('Hocuspocus 4', 'here'), listen('Hocuspocus 3', 'here'), listen('Hocuspocus 2', 'here'),
    listen('Hocuspocus 4', 'elsewhere'),
  ]
  const bystander = client(family('y-websocket 3'), server, 'here')
  await until('all are synced', () => [...clients, bystander].every((it) => it.synced()))
  clients[0].provider.sendStateless('{"hello":"world"}')
  const expected = ['Hocuspocus 2.15', 'Hocuspocus 3.4'].map((it) => `here/${it}: {"hello":"world"}`)
  await until('the others heard it', () => heard.length >= 2)
  await pause(50)
  assert.deepEqual(heard.sort(), expected)
  assert.equal(bystander.connections(), 1)
  await closeAll([...clients, bystander])
})
