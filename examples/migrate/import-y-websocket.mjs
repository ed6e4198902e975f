// Brings every document that y-websocket's server keeps in LevelDB (YPERSISTENCE) into a running Coscribe:
//   node import-y-websocket.mjs path/to/folder
// The server must not run: LevelDB lets one process in. Where Coscribe is and who asks: COSCRIBE, COSCRIBE_TOKEN.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LeveldbPersistence } from 'y-leveldb'
import { encodeStateAsUpdate } from 'yjs'
import { bringAll, giveUp } from './bring.mjs'

const [folder] = process.argv.slice(2)
if (!folder) giveUp('which folder? node import-y-websocket.mjs path/to/folder')
// Opening a folder that is none would make one.
if (!existsSync(join(folder, 'CURRENT'))) giveUp(`there is no LevelDB in ${folder}`)

const persistence = new LeveldbPersistence(folder)
const names = await persistence.getAllDocNames()
// y-leveldb writes errors to the console and gives null.
if (names === null) giveUp(`${folder} cannot be opened; does the server still run?`)

async function* documents() {
  for (const name of names) {
    const doc = await persistence.getYDoc(name)
    yield [name, doc && encodeStateAsUpdate(doc)]
    doc?.destroy()
  }
}

await bringAll(documents())
await persistence.destroy()
