// The worker of a document's past: reads packs and writes columns, so that the page stays free. Keeps the past for what
// follows. Knows no network.
import { buffersOf } from './columns.js'
import { indexOf } from './index.js'
import { PackError, readPack } from './pack.js'
import { Past } from './past.js'

/** @typedef {{ id: number, bytes: Uint8Array }} Question */
/** @typedef {{ id: number, index: import('./columns.js').Index } | { id: number, problem: string, isPack: boolean }} Answer */

/** @type {Past | null} */
let past = null

addEventListener('message', ({ data }) => {
  const { id, bytes } = /** @type {Question} */ (data)
  try {
    const pack = readPack(bytes)
    if (past) past.add(pack)
    else past = new Past(pack)
    const index = indexOf(past)
    post({ id, index }, buffersOf(index))
  } catch (error) {
    post({ id, problem: error instanceof Error ? error.message : String(error), isPack: error instanceof PackError }, [])
  }
})

/** @param {Answer} answer @param {ArrayBuffer[]} transfer */
function post(answer, transfer) {
  postMessage(answer, { transfer })
}
