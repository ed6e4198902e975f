// Apps made for y-sweet, with its published SDK and client, unmodified.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import * as sdk from '@y-sweet/sdk'
import WebSocket from 'ws'
import * as Y from 'yjs'

import { load } from './lib/documents.mjs'
import { startServer } from './lib/server.mjs'
import { until } from './lib/wait.mjs'
import { KEY, SERVER_TOKEN, connectionString, manager, page } from './lib/y-sweet-app.mjs'

const guarded = (t) => startServer(t, { args: ['--y-sweet-auth', KEY] })

function written(text) {
  const doc = new Y.Doc()
  doc.getText('text').insert(0, text)
  return Y.encodeStateAsUpdate(doc)
}

const textOf = (update) => load(update).getText('text').toString()

/** Fails unless `asking` fails with this code of the SDK, and status if it tells one. */
async function refused(asking, code, status) {
  const error = await asking.then(() => null, (reason) => reason)
  assert.ok(error instanceof sdk.YSweetError, `it was let through, or failed otherwise: ${error}`)
  assert.equal(error.cause.code, code, error.message)
  if (status) assert.equal(error.cause.status, status, error.message)
}

for (const [kind, start, token] of [
  ['that everybody may use', startServer, undefined],
  ['with a key', guarded, SERVER_TOKEN],
]) {
  test(`the SDK makes, reads and writes documents of a server ${kind}`, async (t) => {
    const server = await start(t)
    const app = manager(server, token)
    assert.deepEqual(await app.checkStore(), { ok: true })
    assert.deepEqual(await app.createDoc('plan'), { docId: 'plan' })
    assert.equal(textOf(await app.getDocAsUpdate('plan')), '')
    await app.updateDoc('plan', written('one'))
    assert.equal(textOf(await app.getDocAsUpdate('plan')), 'one')
    // That it exists already is no mistake, and changes nothing.
    assert.deepEqual(await app.createDoc('plan'), { docId: 'plan' })
    assert.equal(textOf(await app.getDocAsUpdate('plan')), 'one')

    const { docId } = await app.createDocWithContent(written('two'))
    assert.match(docId, /^[A-Za-z0-9_-]{16,}$/)
    assert.equal(textOf(await app.getDocAsUpdate(docId)), 'two')

    const client = await sdk.getOrCreateDocAndToken(connectionString(server, token), 'plan')
    assert.equal(client.docId, 'plan')
    assert.equal(client.url, `ws://${server.host}/y-sweet/d/plan/ws`)
    assert.equal(client.baseUrl, `http://${server.host}/y-sweet/d/plan`)
    assert.equal(client.authorization, 'full')
    assert.equal(typeof client.token, token ? 'string' : 'undefined')
    const connection = new sdk.DocConnection(sdk.decodeClientToken(sdk.encodeClientToken(client)))
    assert.equal(textOf(await connection.getAsUpdate()), 'one')
    await refused(app.getClientToken('missing'), 'ServerError', 404)
    await refused(app.createDoc('no/name'), 'ServerError', 400)
    await refused(app.updateDoc('plan', new Uint8Array([1, 2, 3])), 'ServerError', 422)
  })
}

test('the SDK hears in its own words what a token does not open', async (t) => {
  const server = await guarded(t)
  const app = manager(server, SERVER_TOKEN)
  await app.createDoc('plan')
  await refused(manager(server).createDoc('plan'), 'NoAuthProvided')
  await refused(manager(server).checkStore(), 'NoAuthProvided')
  await refused(manager(server, `x${SERVER_TOKEN}`).createDoc('plan'), 'InvalidAuthProvided')
  const reader = await app.getDocConnection('plan', { authorization: 'read-only' })
  assert.equal(textOf(await reader.getAsUpdate()), '')
  await refused(reader.updateDoc(written('no')), 'ServerError', 403)
  const { token } = await app.getClientToken('plan')
  const elsewhere = { baseUrl: `${server.http}/y-sweet/d/other`, docId: 'other', token }
  await refused(new sdk.DocConnection(elsewhere).getAsUpdate(), 'InvalidAuthProvided')
  // Whoever has a token for a document must not make themselves one that lasts.
  await refused(manager(server, token).getClientToken('plan', { validForSeconds: 1e9 }), 'ServerError', 403)
  assert.equal(textOf(await app.getDocAsUpdate('plan')), '')
  assert.ok(!server.log.includes(SERVER_TOKEN.slice(8)) && !server.log.includes(token.slice(8)))
})

test('what the SDK was told is done survives a crash', async (t) => {
  const server = await guarded(t)
  const app = manager(server, SERVER_TOKEN)
  await app.createDoc('empty')
  await app.createDoc('plan')
  await app.updateDoc('plan', written('kept'))
  await server.kill()
  await server.restart()
  assert.equal(textOf(await app.getDocAsUpdate('plan')), 'kept')
  assert.equal(textOf(await app.getDocAsUpdate('empty')), '')
})

test('two pages of an app see the same, and "no local changes" is true after a crash', async (t) => {
  const server = await guarded(t)
  const app = manager(server, SERVER_TOKEN)
  const [one, other] = [await page(server, app, 'plan'), await page(server, app, 'plan')]
  await Promise.all([one.connected(), other.connected()])
  one.provider.awareness.setLocalState({ user: 'one' })
  for (let round = 0; round < 50; round += 1) {
    one.text.insert(0, 'a')
    other.text.insert(other.text.length, 'b')
  }
  await until('both are the same', () => one.text.toString() === other.text.toString() && one.text.length === 100)
  await until('one is seen', () =>
    [...other.provider.awareness.getStates().values()].some((state) => state.user === 'one'))
  await until('nothing is unsaved', () => one.saved() && other.saved())
  await server.kill()
  one.close()
  other.close()
  assert.equal(load(await server.export('plan')).getText('text').length, 100)
})

test('who only reads changes nothing, is not told "saved", and stays', async (t) => {
  const server = await guarded(t)
  const app = manager(server, SERVER_TOKEN)
  const writer = await page(server, app, 'plan')
  await writer.connected()
  writer.text.insert(0, 'theirs')
  const reader = await page(server, app, 'plan', { wish: { authorization: 'read-only' } })
  await reader.connected()
  await until('the reader sees it', () => reader.text.toString() === 'theirs')
  reader.provider.awareness.setLocalState({ user: 'reader' })
  await until('the reader is seen', () =>
    [...writer.provider.awareness.getStates().values()].some((state) => state.user === 'reader'))
  const heard = () => reader.sockets[0].frames
  reader.text.insert(0, 'mine ')
  writer.text.insert(6, '!')
  await until('the reader goes on seeing', () => reader.text.toString() === 'mine theirs!')
  // More than the client waits for an answer before it hangs up.
  const before = heard()
  await until('the reader was kept for a while', () => heard() >= before + 4)
  assert.equal(reader.sockets.length, 1)
  assert.ok(reader.provider.hasLocalChanges)
  assert.equal(writer.text.toString(), 'theirs!')
  assert.equal(textOf(await app.getDocAsUpdate('plan')), 'theirs!')
})

test('a token that ends while a page is open is fetched anew, and nothing is lost', async (t) => {
  const server = await guarded(t)
  const app = manager(server, SERVER_TOKEN)
  const wish = (count) => ({ validForSeconds: count === 1 ? 6 : 3600 })
  const it = await page(server, app, 'plan', { wish })
  await it.connected()
  it.text.insert(0, 'before ')
  await until('the server ends the connection', () => it.provider.status !== 'connected')
  it.text.insert(7, 'between ')
  await until('another token was fetched', () => it.tokens === 2)
  await it.connected()
  it.text.insert(15, 'after')
  await until('everything is saved', () => it.saved())
  assert.equal(textOf(await app.getDocAsUpdate('plan')), 'before between after')
})

test('a page that begins with an old token asks for a fresh one', async (t) => {
  const server = await guarded(t)
  const app = manager(server, SERVER_TOKEN)
  const initialClientToken = await app.getOrCreateDocAndToken('plan', { validForSeconds: 0 })
  const it = await page(server, app, 'plan', { options: { initialClientToken } })
  await it.connected()
  assert.equal(it.tokens, 1)
})

test('a page that was offline brings what it wrote', async (t) => {
  const server = await guarded(t)
  const app = manager(server, SERVER_TOKEN)
  const it = await page(server, app, 'plan')
  await it.connected()
  await server.kill()
  it.text.insert(0, 'offline')
  await until('the page knows', () => it.provider.status !== 'connected')
  assert.ok(it.provider.hasLocalChanges)
  await server.restart()
  await it.connected()
  await until('it is saved', () => it.saved())
  assert.equal(textOf(await app.getDocAsUpdate('plan')), 'offline')
})

test('who may not is told at the handshake', async (t) => {
  const server = await guarded(t)
  const app = manager(server, SERVER_TOKEN)
  const { token } = await app.getOrCreateDocAndToken('plan')
  const { token: old } = await app.getClientToken('plan', { validForSeconds: 0 })
  const at = (name, shown, again = name) =>
    `${server.ws.slice(0, -3)}/y-sweet/d/${name}/ws/${again}${shown ? `?token=${shown}` : ''}`
  assert.equal(await status(at('plan', token)), 101)
  assert.equal(await status(`${server.ws.slice(0, -3)}/y-sweet/doc/ws/plan?token=${token}`), 101)
  assert.equal(await status(at('plan')), 401)
  assert.equal(await status(at('plan', old)), 401)
  assert.equal(await status(at('plan', `${token}A`)), 401)
  assert.equal(await status(at('other', token)), 401)
  assert.equal(await status(at('plan', token, 'other')), 400)
  // The app's pages are of its own site; they have the token from their app.
  const foreign = { origin: 'https://app.example' }
  assert.equal(await status(at('plan', token), foreign), 101)
  assert.equal(await status(at('plan'), foreign), 403)
  assert.equal(await status(at('other', token), foreign), 403)
})

test('a cookie adds nothing to the token of a page of another site', async (t) => {
  const secret = 'a secret that is long enough for HS256'
  const args = ['--y-sweet-auth', KEY, '--auth-secret', secret, '--auth-cookie', 'session']
  const server = await startServer(t, { args })
  const app = manager(server, SERVER_TOKEN)
  const { token } = await app.getOrCreateDocAndToken('plan', { authorization: 'read-only' })
  const cookie = `session=${jwt(secret, { sub: 'ada', exp: 4e9, role: 'edit' })}`
  const url = `${server.ws.slice(0, -3)}/y-sweet/d/plan/ws/plan?token=${token}`
  const nothing = Buffer.from([0, 1, 2, 0, 0])
  const foreign = await afterEdit(url, { cookie, origin: 'https://evil.example' })
  assert.deepEqual(foreign, nothing)
  const own = await afterEdit(url, { cookie, origin: server.http })
  assert.notDeepEqual(own, nothing)
})

/** Edits by hand, asks for everything, and gives the answer (SyncStep2). */
function afterEdit(url, headers) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers })
    socket.on('error', reject)
    socket.on('open', () => {
      const update = [1, 1, 1, 0, 4, 1, 1, 0x74, 1, 0x41, 0]
      socket.send(Buffer.from([0, 2, update.length, ...update]))
      socket.send(Buffer.from([0, 0, 1, 0]))
    })
    socket.on('message', (frame) => {
      if (frame[0] !== 0 || frame[1] !== 1) return
      socket.terminate()
      resolve(frame)
    })
  })
}

function jwt(secret, claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const said = `${part({ alg: 'HS256' })}.${part(claims)}`
  return `${said}.${createHmac('sha256', secret).update(said).digest('base64url')}`
}

/** The status that a handshake is answered with. */
function status(url, headers) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers })
    socket.on('open', () => {
      socket.terminate()
      resolve(101)
    })
    socket.on('unexpected-response', (request, response) => {
      request.destroy()
      resolve(response.statusCode)
    })
    socket.on('error', reject)
  })
}
