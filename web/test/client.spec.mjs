// The package for other apps, as a stranger meets it: packed, installed into an empty project, its README's first
// example run against the real server, and its types read by TypeScript.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { skip, startServer } from './support/server.mjs'

const run = promisify(execFile)
const web = fileURLToPath(new URL('..', import.meta.url))
/** Node has a WebSocket of its own from 22 on. */
const hasWebSocket = 'WebSocket' in globalThis

/** @type {import('./support/server.mjs').Server} */
let server
/** The stranger's project. */
let project = ''

before(async () => {
  if (skip) return
  server = await startServer()
  project = await mkdtemp(path.join(tmpdir(), 'coscribe-client-'))
  const { stdout } = await run('npm', ['pack', '--json', '--loglevel=error', '--pack-destination', project], { cwd: path.join(web, 'client') })
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[')))
  assert.ok(files.every((/** @type {{ path: string }} */ file) => /^(dist\/|README|LICENSE|package\.json)/.test(file.path)), 'only what users need is packed')
  await writeFile(path.join(project, 'package.json'), JSON.stringify({ name: 'stranger', private: true, type: 'module' }))
  // What it depends on comes from our own lock file, so that the test needs no registry.
  const local = ['yjs', 'y-protocols', 'lib0', 'isomorphic.js', 'ws'].map(name => path.join(web, 'node_modules', name))
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error', '--install-links=false', path.join(project, filename), ...local], { cwd: project })
  await symlink(path.join(web, 'node_modules/@types'), path.join(project, 'node_modules/@types'))
})
after(async () => {
  await server?.stop()
  if (project) await rm(project, { recursive: true, force: true })
})

/** The README's first example, at our server. */
async function example() {
  const readme = await readFile(path.join(web, 'client/README.md'), 'utf8')
  const code = readme.match(/```js\n(.*?)```/s)?.[1] ?? ''
  assert.ok(code.trim().split('\n').length <= 11, 'the example has about ten lines')
  return code.replace('ws://localhost:8080', server.url.replace('http', 'ws'))
}

/** Runs a program of the stranger's. @param {string} name @param {string} code */
async function runs(name, code) {
  await writeFile(path.join(project, name), code)
  const { stdout } = await run(process.execPath, [name], { cwd: project })
  return stdout.trim()
}

test('the first example of the README works as it is written', { skip }, async () => {
  // Runtimes without a WebSocket get one the way the README says for them.
  const code = hasWebSocket ? await example() : `import WebSocket from 'ws'\n${(await example()).replace('doc })', 'doc, WebSocket })')}`
  assert.equal(await runs('example.js', code), 'saved Hello!')
  assert.equal(await runs('example.js', code), 'saved Hello! Hello!')
})

test('a token that the server refuses is fetched again, once', { skip }, async () => {
  const code = `
    import * as Y from 'yjs'
    import WebSocket, { WebSocketServer } from 'ws'
    import { Provider } from 'coscribe-client'
    const shown = []
    const server = new WebSocketServer({ port: 0 })
    server.on('connection', (socket, request) => {
      shown.push(new URL(request.url, 'ws://x').searchParams.get('token'))
      socket.close(4401, 'expired')
    })
    let count = 0
    const provider = new Provider({ server: 'ws://localhost:' + server.address().port, name: 'x', doc: new Y.Doc(), WebSocket, token: async () => 'token-' + ++count })
    provider.subscribe(() => {
      if (!provider.facts.stop) return
      console.log(provider.status, shown.join())
      provider.destroy()
      server.close()
    })`
  assert.equal(await runs('token.js', code), 'sign-in token-1,token-2')
})

test('TypeScript knows the package', { skip }, async () => {
  await writeFile(path.join(project, 'app.ts'), `
    import * as Y from 'yjs'
    import { Awareness } from 'y-protocols/awareness'
    import { OfflineStore, Provider, type Facts, type Status } from 'coscribe-client'
    const doc = new Y.Doc()
    const store = new OfflineStore({ database: 'mine', describe: doc => ({ length: doc.getText('text').length }) })
    const provider = new Provider({ server: 'wss://x', name: 'x', doc, store, awareness: new Awareness(doc), token: async () => 'secret' })
    const stop: () => void = provider.subscribe(() => { const facts: Facts = provider.facts; console.log(facts.unsaved.toFixed()) })
    const status: Status = provider.status
    const saved: Promise<void> = provider.whenSaved()
    for (const { name, unsent } of await store.list()) console.log(name, unsent.toFixed())
    // @ts-expect-error a document is needed
    new Provider({ server: 'wss://x', name: 'x' })
    export { saved, status, stop }
  `)
  const tsc = path.join(web, 'node_modules/.bin/tsc')
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,dom', '--types', 'node']
  await run(tsc, [...options, 'app.ts'], { cwd: project }).catch(error => assert.fail(error.stdout))
})
