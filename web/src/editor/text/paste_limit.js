// Refuses an edit that the server would not take, before it enters the document: a pasted or dropped text that is
// larger than one update may be. Edits that come from others or from undo are never refused.
import { EditorState, ySyncAnnotation } from '../../../vendor/text.js'
import { t } from '../../i18n/index.js'
import { formatBytes } from './bytes.js'

/** What an update holds besides the text: ids, lengths, deletions. Generous. */
const OVERHEAD = 1024

/** An editor extension. @param {() => number} largest bytes @param {(message: string) => void} toast */
export function refuseLargeEdits(largest, toast) {
  return EditorState.transactionFilter.of(transaction => {
    if (!transaction.docChanged || transaction.annotation(ySyncAnnotation)) return transaction
    const most = largest()
    const size = insertedBytes(transaction.changes, most)
    if (size + OVERHEAD <= most) return transaction
    queueMicrotask(() => toast(t('text.tooLarge', { size: formatBytes(size), limit: formatBytes(most) })))
    return []
  })
}

/** How much text changes insert, as UTF-8; not counted exactly when it cannot be too much. @param {import('@codemirror/state').ChangeSet} changes @param {number} most */
function insertedBytes(changes, most) {
  let units = 0
  /** @type {import('./extension.js').Text[]} */
  const inserted = []
  changes.iterChanges((_fromA, _toA, _fromB, _toB, insert) => {
    units += insert.length
    inserted.push(insert)
  })
  if (units * 3 + OVERHEAD <= most) return units
  const encoder = new TextEncoder()
  return inserted.reduce((sum, text) => sum + encoder.encode(text.toString()).length, 0)
}
