// What is done to the rows of a copy now and then, and fetched only then: making one of many, and giving the copy
// another name. How rows lie: copy_rows.js.
import { Y } from '../../vendor/core.js'
import { request } from './database.js'
import { merged, pending, readMarks } from './marks.js'
import { deleteCopy } from './offline_list.js'

/** @typedef {import('./copy_rows.js').CopyRecord} CopyRecord */

/**
 * Makes one row of all, unless the copy is not the one that is known any more. `isSeen`: it holds nothing that `doc`
 * lacks.
 * @param {import('./database.js').Database} database
 * @param {{ name: string, life: string | null, have: Set<number> }} known `have`: numbers of rows that are in `doc` for sure
 * @param {Y.Doc} doc
 */
export function compacted(database, { name, life, have }, doc) {
  return database.transact('readwrite', async ({ documents, updates }) => {
    const record = /** @type {CopyRecord | undefined} */ (await request(documents.get(name)))
    if (!record || record.life !== life) return null
    const keys = await request(updates.index('name').getAllKeys(name))
    const unseen = await Promise.all(keys.filter(key => !have.has(numberIn(key))).map(key => request(updates.get(key))))
    const state = Y.encodeStateAsUpdate(doc)
    const whole = unseen.length > 0 ? Y.mergeUpdates([state, ...unseen.map(row => row.update)]) : state
    for (const key of keys) updates.delete(key)
    updates.put({ name, number: record.next, update: whole })
    documents.put({ ...record, next: record.next + 1, rows: 1, bytes: whole.length, loose: 0 })
    return { number: record.next, isSeen: unseen.length === 0 }
  })
}

/**
 * Puts everything under another name, behind what another tab has put there. A copy of another document that is in
 * the way goes if the server has all of it; with edits that it lacks both stay, and this fails. Says whether there
 * was anything.
 * @param {import('./database.js').Database} database
 * @param {string} from
 * @param {string} name
 */
export function moved(database, from, name) {
  return database.transact('readwrite', async ({ documents, updates }) => {
    const record = /** @type {CopyRecord | undefined} */ (await request(documents.get(from)))
    if (!record) return false
    let there = /** @type {CopyRecord | undefined} */ (await request(documents.get(name)))
    if (there && there.epoch !== record.epoch) {
      if (pending(readMarks(there.marks)) > 0) throw new DOMException('the copy on this device is of another document', 'InvalidStateError')
      await deleteCopy({ documents, updates }, name)
      there = undefined
    }
    const rows = await request(updates.index('name').getAll(from))
    await deleteCopy({ documents, updates }, from)
    const first = there?.next ?? 0
    rows.forEach(({ update }, index) => updates.put({ name, number: first + index, update }))
    documents.put({ ...record, ...there, name, marks: merged(readMarks(record.marks), readMarks(there?.marks)), next: first + rows.length,
      rows: record.rows + (there?.rows ?? 0), bytes: record.bytes + (there?.bytes ?? 0), loose: record.loose + (there?.bytes ?? 0) })
    return true
  })
}

/** @param {IDBValidKey} key */
const numberIn = key => /** @type {[string, number]} */ (key)[1]
