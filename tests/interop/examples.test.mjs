// The logins of examples/node: who comes by the one that signs tokens may do what it says, and nobody else anything; the
// one of the Express app leads nobody astray.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'

import { startServer } from './lib/server.mjs'

const FOLDER = resolve(import.meta.dirname, '../../examples/node')
const skip = existsSync(`${FOLDER}/node_modules`) ? false : `run npm ci in ${FOLDER}`
const SECRET = 'a secret of more than 32 bytes, for this test only'

/** Runs an example until the test ends; gives its address, which is what it says first. */
async function run(t, script, variables) {
  const env = { ...process.env, ...variables }
  const child = spawn('node', [script, '0'], { cwd: FOLDER, env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill())
  for await (const url of createInterface({ input: child.stdout })) return { url }
  throw new Error(`${script} said nothing`)
}

/** The login beside a server that believes it. */
const login = (t, server) => run(t, 'login.mjs', { COSCRIBE: server.http, COSCRIBE_AUTH_SECRET: SECRET })

test('who comes by the login may do what it says', { skip }, async (t) => {
  const server = await startServer(t, { args: ['--auth-secret', SECRET] })
  const { url } = await login(t, server)
  const body = (id, password, document = 'handbook') => new URLSearchParams({ id, password, document })
  const token = async (...who) => {
    const answer = await fetch(`${url}token`, { method: 'POST', body: body(...who) })
    assert.equal(answer.status, 200)
    return answer.text()
  }
  const call = async (bearer, path, request = {}) => {
    const headers = { ...(bearer && { authorization: `Bearer ${bearer}` }), 'content-type': 'application/octet-stream' }
    const answer = await fetch(`${server.http}/api/v1/documents${path}`, { ...request, headers })
    return { status: answer.status, text: await answer.text() }
  }
  const make = (bearer, name, text) => call(bearer, `?format=txt&name=${encodeURIComponent(name)}`, { method: 'POST', body: text })
  const read = (bearer, name) => call(bearer, `/${encodeURIComponent(name)}/content.txt`)
  const ada = await token('ada', 'lovelace')
  const ben = await token('ben', 'bookkeeper')
  assert.equal((await make(ada, 'handbook', 'Water the plants.')).status, 201)
  assert.equal((await read(ben, 'handbook')).text.trim(), 'Water the plants.')
  assert.equal((await call(ben, '/handbook/content.txt', { method: 'PUT', body: 'Or not.' })).status, 403)
  assert.equal((await make(ben, 'team/plan', 'Buy milk.')).status, 201)
  assert.equal((await make(ada, 'diary', 'Nobody knows.')).status, 201)
  const hidden = await read(ben, 'diary')
  assert.deepEqual({ ...hidden, text: '' }, { ...(await read(ben, 'nothing')), text: '' })
  assert.doesNotMatch(hidden.text, /Nobody/)
  assert.equal((await read(null, 'handbook')).status, 401)

  const page = await fetch(url, { method: 'POST', body: body('ben', 'bookkeeper'), redirect: 'manual' })
  const place = new URL(page.headers.get('location'))
  assert.equal(`${place.origin}${place.pathname}`, `${server.http}/d/handbook`)
  assert.equal((await read(place.searchParams.get('token'), 'handbook')).status, 200)
})

test('who is not known to the login gets no token', { skip }, async (t) => {
  const server = await startServer(t, { args: ['--auth-secret', SECRET] })
  const { url } = await login(t, server)
  for (const who of [{ id: 'ada', password: 'wrong' }, { id: 'ada' }, { id: 'toString' }, {}]) {
    const body = new URLSearchParams({ ...who, document: 'handbook' })
    for (const address of [url, `${url}token`]) {
      assert.equal((await fetch(address, { method: 'POST', body, redirect: 'manual' })).status, 401)
    }
  }
})

test('the login of the Express app leads back to its own pages only', { skip }, async (t) => {
  const { url } = await run(t, 'app.mjs', {})
  const { host } = new URL(url)
  const leadsTo = async (next) => {
    const body = new URLSearchParams({ name: 'Ben' })
    const address = `${url}login?next=${encodeURIComponent(next)}`
    const answer = await fetch(address, { method: 'POST', body, redirect: 'manual' })
    return answer.headers.get('location')
  }
  assert.equal(await leadsTo(`${url}d/plan`), `${url}d/plan`)
  const foreign = ['https://evil.example/', '//evil.example', 'javascript:alert(1)', `http://${host}.evil.example/`]
  for (const next of [...foreign, '']) assert.equal(await leadsTo(next), '/', next)
})
