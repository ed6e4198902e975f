// The documents of this device for the home page: those opened here, and the copies kept with their unsent edits.
import { listOnDevice } from '../device/library.js'
import { listRecent } from '../device/recent.js'

/** @type {Promise<import('../device/library.js').Store> | undefined} */
let opening

/** The store of copies. It brings all of Yjs along, so it comes after the page; a document opened next needs it too. */
function store() {
  opening ??= import('../sync/offline_store.js').then(({ OfflineStore }) => new OfflineStore())
  return opening
}

/** @returns {Promise<import('./library.js').Local[]>} newest first */
export async function readOnDevice() {
  const recent = listRecent()
  const known = new Map(recent.map(entry => [entry.name, entry]))
  try {
    const found = await listOnDevice(await store(), recent)
    return found.map(({ name, at, title, kind, unsent }) => ({ name, at, title: title || known.get(name)?.title, kind: isKind(kind) ? kind : known.get(name)?.kind, isUnsent: unsent > 0 }))
  } catch {
    return recent
  }
}

/** @param {string | null} kind @returns {kind is import('../sync/meta.js').Kind} */
const isKind = kind => kind === 'rich' || kind === 'markdown' || kind === 'code'
