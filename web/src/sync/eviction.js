// Which copies of this device are given up so that it does not fill, now and then, long after a page has loaded. Never one
// with edits that the server lacks.
import { pending, readMarks } from './marks.js'
import { removeCopy } from './offline_list.js'

/** Copies that everybody has on the server too are given up after this long, in ms, or beyond this many bytes in all. */
const KEEP_FOR = 90 * 86_400_000
const KEEP_BYTES = 200 << 20

/**
 * Gives them up and says which ones.
 * @param {import('./offline_list.js').OfflineList} copies
 * @param {import('./database.js').Database} database
 * @param {number} now ms since 1970
 */
export async function evicted(copies, database, now, bytesMost = KEEP_BYTES, except = '') {
  const listed = (await copies.list()).reverse()
  let bytes = listed.reduce((sum, copy) => sum + copy.bytes, 0)
  const gone = []
  for (const copy of listed) {
    const isOld = now - copy.opened > KEEP_FOR
    if (copy.name === except || (!isOld && bytes <= bytesMost)) continue
    // What is unsent is nowhere else; and between the list and now somebody may have opened it, or written in it.
    const isStill = (/** @type {any} */ record) => pending(readMarks(record.marks)) === 0 && record.opened === copy.opened && record.changed === copy.changed
    if (!(await removeCopy(database, copy.name, isStill))) continue
    bytes -= copy.bytes
    gone.push(copy.name)
  }
  return gone
}
