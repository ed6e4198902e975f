// A document's name means the same in every dialect, and different names never meet.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { client, closeAll, families, family } from './lib/clients.mjs'
import { allEqual } from './lib/documents.mjs'
import { addressed, connect, frame, frameThat, step1 } from './lib/frames.mjs'
import { startServer } from './lib/server.mjs'
import { pause, until } from './lib/wait.mjs'

const NAMES = [
  'a/b', 'a%2Fb', 'with space', '🎉 party/émile', 'ünï?query=1&x#hash', 'x'.repeat(256),
  `${'é'.repeat(127)}/z`, '...', 'a//b', 'a b+c', '%', '100%25',
]

/** How a name travels: a path carries it percent-encoded, a frame as it is. */
const inPath = (name) => encodeURIComponent(name)
/** The same, as a user would who writes names like paths. */
const withSlashes = (name) => name.split('/').map(encodeURIComponent).join('/')

test('every dialect reaches the document that a name means, and no other', async (t) => {
  const server = await startServer(t)
  const groups = NAMES.map((name) => families.map((kind) => {
    if (kind.dialect === 'address') return client(kind, server, name)
    return client(kind, server, kind.name.includes('1.5') ? withSlashes(name) : inPath(name))
  }))
  const all = groups.flat()
  await until('every client is synced', () => all.every((it) => it.synced()), {
    state: () => all.filter((it) => !it.synced()).map((it) => `${it.family.name} ${it.sockets[0]?.url}`),
  })
  groups.forEach((group, index) => group.forEach((it) => {
    it.doc.getMap('map').set(it.family.name, NAMES[index])
    it.doc.getArray('array').push([index])
  }))
  const documents = groups.map((group) => group.map((it) => it.doc))
  await until('each group is one document', () => documents.every(allEqual))
  groups.forEach((group, index) => {
    const found = group[0].doc.getArray('array').toJSON()
    assert.deepEqual(found, families.map(() => index), `documents met: ${NAMES[index]}`)
  })
  const counting = all.filter((it) => it.family.acknowledges)
  await until('all is saved', () => counting.every((it) => it.saved()))
  await closeAll(all)
  const stored = JSON.stringify(await server.inspect())
  for (const name of NAMES) assert.ok(stored.includes(JSON.stringify(name)), `inspect does not show ${name}`)
})

const BAD = [
  ['one byte too long', 'x'.repeat(257)],
  ['too long in bytes, not in letters', 'é'.repeat(129)],
  ['a line feed', 'a\nb'],
  ['a delete character', 'a\u007fb'],
]

for (const [what, name] of BAD) {
  test(`a name with ${what} is refused in the words of each dialect`, async (t) => {
    const server = await startServer(t)
    const stops = client(family('y-websocket 3'), server, inPath(name))
    let closed = null
    stops.provider.on('closed', (event) => { closed = event })
    const denied = families.filter((it) => it.dialect === 'address').map((kind) => {
      const it = client(kind, server, name)
      it.provider.on('authenticationFailed', ({ reason }) => { it.reason = reason })
      return it
    })
    await until('Hocuspocus hears why', () => denied.every((it) => it.reason), {
      state: () => denied.map((it) => it.reason),
    })
    for (const it of denied) assert.match(it.reason, /document name/)
    await until('y-websocket 3.1 stops for good', () => closed !== null)
    assert.ok(closed.code >= 4400 && closed.code <= 4499, `code ${closed.code}`)
    assert.match(closed.reason, /document name/)
    assert.equal(stops.connections(), 1)
    await closeAll([stops, ...denied])
  })
}

test('a denied address does not disturb the others on its socket', async (t) => {
  const server = await startServer(t)
  const it = await connect(server.ws)
  const hello = (name) => {
    it.socket.send(frame(name, 2, 0, '', '4.8.0'))
    it.socket.send(Buffer.concat([frame(name), step1()]))
  }
  hello('x'.repeat(257))
  hello('fine')
  const first = await frameThat('the bad name is denied', it, (bytes) =>
    addressed(bytes).address.startsWith('x'))
  assert.deepEqual([...addressed(first).rest.slice(0, 1)], [1], 'a permission denied')
  await frameThat('the good name is synced', it, (bytes) =>
    addressed(bytes).address === 'fine' && addressed(bytes).type === 0)
  await pause(50)
  assert.equal(it.ended, null)
  it.socket.terminate()
})
