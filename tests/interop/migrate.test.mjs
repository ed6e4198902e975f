// The importers of examples/migrate, on what the real packages of Hocuspocus and y-websocket have kept: every document
// arrives whole, a second run brings only what is new, and what cannot be brought is told and holds up nothing.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import * as Y from 'yjs'

import { sameOperations } from './lib/documents.mjs'
import { startServer } from './lib/server.mjs'
import { KEY, SERVER_TOKEN } from './lib/y-sweet-app.mjs'

const FOLDER = resolve(import.meta.dirname, '../../examples/migrate')
const skip = existsSync(`${FOLDER}/node_modules`) ? false : `run npm ci in ${FOLDER}`
const theirs = createRequire(join(FOLDER, 'package.json'))

/** Runs an importer; gives what it told and how it ended. */
async function run(script, source, server, token = '') {
  const env = { ...process.env, COSCRIBE: server.http, COSCRIBE_TOKEN: token }
  const child = spawn('node', [script, source], { cwd: FOLDER, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise((done) => child.on('close', done))
  const [told, complaints] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { lines: told.trimEnd().split('\n'), complaints, code: await ended }
}

/** What was written in a document and not stored yet, edit by edit. */
const edits = new WeakMap()

/** An empty document whose edits are noted. */
function written() {
  const doc = new Y.Doc()
  edits.set(doc, [])
  doc.on('update', (update) => edits.get(doc).push(update))
  return doc
}

/** Documents such as their editors leave behind: rich text with marks and deletions, text, a map, nothing. */
function documents() {
  const rich = written()
  const paragraph = new Y.XmlElement('paragraph')
  const words = new Y.XmlText()
  rich.getXmlFragment('default').insert(0, [paragraph])
  paragraph.insert(0, [words])
  words.insert(0, 'Water the plants 🌿 every day.')
  words.format(0, 5, { bold: {} })
  words.delete(17, 3)
  const code = written()
  code.getText('monaco').insert(0, 'let x = 1\n'.repeat(3000))
  code.getMap('settings').set('tabs', 2)
  return new Map([['letter', rich], ['team/ä & b?#%2F', code], ['nothing', written()], ['x'.repeat(255), rich]])
}

/** What the server serves is what stock Yjs had, to the operation. */
async function arrived(server, name, doc) {
  const answer = await fetch(`${server.http}/api/v1/documents/${encodeURIComponent(name)}/content.yjs`)
  assert.equal(answer.status, 200, name)
  const served = new Y.Doc()
  Y.applyUpdate(served, new Uint8Array(await answer.arrayBuffer()))
  assert.ok(sameOperations(served, doc), name)
  for (const root of doc.share.keys()) served.get(root, doc.share.get(root).constructor)
  assert.deepEqual(served.toJSON(), doc.toJSON(), name)
}

async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), 'coscribe-migrate-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

/** Keeps documents as `@hocuspocus/extension-sqlite` does: itself, over a SQLite that needs no compiler. */
async function hocuspocus(file) {
  const { SQLite, schema } = theirs('@hocuspocus/extension-sqlite')
  const { Database } = theirs('node-sqlite3-wasm')
  const database = new Database(file)
  database.exec(schema)
  const extension = new SQLite({ database: file })
  const bound = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [`$${name}`, value]))
  extension.db = { prepare: (sql) => ({ run: (values) => database.run(sql, bound(values)) }) }
  return {
    database,
    store: (documentName, doc) => extension.onStoreDocument({ documentName, document: doc }),
    close: () => database.close(),
  }
}

/** Keeps documents as y-websocket's server does, edit by edit. */
const leveldb = (version) => async (path) => {
  const { LeveldbPersistence } = theirs(version)
  const persistence = new LeveldbPersistence(path)
  return {
    async store(name, doc) {
      const updates = edits.get(doc)?.splice(0) ?? []
      if (updates.length === 0) updates.push(Y.encodeStateAsUpdate(doc))
      for (const update of updates) await persistence.storeUpdate(name, update)
    },
    close: () => persistence.destroy(),
  }
}

const SOURCES = [
  ['Hocuspocus', 'import-hocuspocus.mjs', hocuspocus, 'db.sqlite'],
  ['y-websocket (y-leveldb 0.1)', 'import-y-websocket.mjs', leveldb('y-leveldb-1'), 'db'],
  ['y-websocket (y-leveldb 0.2)', 'import-y-websocket.mjs', leveldb('y-leveldb'), 'db'],
]

for (const [name, script, open, file] of SOURCES) {
  test(`documents of ${name} arrive whole, and what is new since with the next run`, { skip }, async (t) => {
    const server = await startServer(t)
    const source = join(await folder(t), file)
    const all = documents()
    const first = await open(source)
    for (const [name, doc] of all) await first.store(name, doc)
    await first.close()

    const once = await run(script, source, server)
    assert.equal(once.code, 0, once.lines.join('\n') + once.complaints)
    assert.equal(once.lines.at(-1), '3 new, 0 updated, 0 known, 1 empty, 0 failed')
    for (const [name, doc] of all) if (name !== 'nothing') await arrived(server, name, doc)

    all.get('letter').getText('more').insert(0, 'since')
    const later = await open(source)
    await later.store('letter', all.get('letter'))
    await later.close()
    const twice = await run(script, source, server)
    assert.equal(twice.lines.at(-1), '0 new, 1 updated, 2 known, 1 empty, 0 failed')
    await arrived(server, 'letter', all.get('letter'))
  })
}

test('what cannot be brought is told, holds up nothing, and makes the run fail', { skip }, async (t) => {
  const server = await startServer(t)
  const source = join(await folder(t), 'db.sqlite')
  const { store, close, database } = await hocuspocus(source)
  const doc = documents().get('letter')
  for (const name of ['a\nb', 'binned', 'whole', 'é'.repeat(200)]) await store(name, doc)
  database.run('INSERT INTO documents VALUES (?, ?)', ['broken', Buffer.from([1, 2, 3])])
  await close()
  await run('import-hocuspocus.mjs', source, server)
  await fetch(`${server.http}/api/v1/documents/binned`, { method: 'DELETE' })

  const { lines, code } = await run('import-hocuspocus.mjs', source, server)
  assert.equal(code, 1)
  assert.match(lines[0], /^failed {2}"a\\nb": a document name must not contain control characters/)
  assert.match(lines[1], /^failed {2}"binned": .*bin/)
  assert.match(lines[2], /^failed {2}"broken": not a whole document/)
  assert.equal(lines[3], 'known   "whole"')
  assert.match(lines[4], /^failed .*at most 256 bytes/)
  assert.equal(lines[5], '0 new, 0 updated, 1 known, 0 empty, 4 failed')
})

test('a database that is still written in is left alone', { skip }, async (t) => {
  const server = await startServer(t)
  const source = join(await folder(t), 'db.sqlite')
  const { store, close } = await hocuspocus(source)
  await store('letter', documents().get('letter'))
  await close()
  await writeFile(`${source}-wal`, 'pages')
  const { lines, complaints, code } = await run('import-hocuspocus.mjs', source, server)
  assert.equal(code, 1)
  assert.match(complaints, /db\.sqlite-wal holds what was written last; stop Hocuspocus, and run this again\n$/)
  assert.deepEqual(lines, [''])
})

test('a LevelDB that another process has open is left alone', { skip }, async (t) => {
  const server = await startServer(t)
  const source = join(await folder(t), 'db')
  const { store, close } = await leveldb('y-leveldb')(source)
  await store('letter', documents().get('letter'))
  const { lines, complaints, code } = await run('import-y-websocket.mjs', source, server)
  assert.equal(code, 1)
  assert.match(complaints, /cannot be opened; does the server still run\?\n$/)
  assert.deepEqual(lines, [''])
  await close()
})

test('the importers need the rights to write, and a database that is there', { skip }, async (t) => {
  const server = await startServer(t, { args: ['--y-sweet-auth', KEY] })
  const place = await folder(t)
  const source = join(place, 'db.sqlite')
  const { store, close } = await hocuspocus(source)
  await store('letter', documents().get('letter'))
  await close()
  const { lines, code } = await run('import-hocuspocus.mjs', source, server)
  assert.equal(code, 1)
  assert.match(lines[0], /^failed {2}"letter": /)
  const allowed = await run('import-hocuspocus.mjs', source, server, SERVER_TOKEN)
  assert.equal(allowed.lines[0], 'new     "letter"')
  for (const script of ['import-hocuspocus.mjs', 'import-y-websocket.mjs']) {
    const missing = await run(script, join(place, 'none'), server)
    assert.equal(missing.code, 1)
    assert.match(missing.complaints, /^there is no .*none\n$/)
    assert.equal(existsSync(join(place, 'none')), false)
  }
  await server.kill()
  const alone = await run('import-hocuspocus.mjs', source, server)
  assert.equal(alone.code, 1)
  assert.match(alone.complaints, /^Coscribe does not answer at .*ECONNREFUSED.*\n$/)
})
