// Brings every document of a Hocuspocus SQLite database into a running Coscribe:
//   node import-hocuspocus.mjs db.sqlite
// Hocuspocus must not run. Where Coscribe is and who asks: COSCRIBE, COSCRIBE_TOKEN.
import { existsSync, statSync } from 'node:fs'
import sqlite from 'node-sqlite3-wasm'
import { bringAll, giveUp } from './bring.mjs'

const [file] = process.argv.slice(2)
if (!file) giveUp('which database? node import-hocuspocus.mjs db.sqlite')
if (!existsSync(file)) giveUp(`there is no ${file}`)
// What a process has written last may be beside the database for as long as it has it open.
const beside = [`${file}-wal`, `${file}-journal`].find(other => (statSync(other, { throwIfNoEntry: false })?.size ?? 0) > 0)
if (beside) giveUp(`${beside} holds what was written last; stop Hocuspocus, and run this again`)

const database = new sqlite.Database(file, { readOnly: true })
const isTheirs = database.get("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'documents'")
if (!isTheirs) giveUp(`${file} has no table documents, in which Hocuspocus keeps them`)
const names = database.all('SELECT name FROM documents ORDER BY name')

function* documents() {
  for (const { name } of names) yield [name, database.get('SELECT data FROM documents WHERE name = ?', [name])?.data ?? new Uint8Array()]
}

await bringAll(documents())
database.close()
