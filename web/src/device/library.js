// The documents that this device has something of, for lists: copies that open offline, with the edits that were
// not sent yet, and documents that were merely opened. Knows a store by what it can do; draws nothing.

/** `isUnsent`: some edits nobody else has; `isHere`: it opens without the server. @typedef {import('./recent.js').Recent & { isUnsent: boolean, isHere: boolean }} OnDevice */
/** @typedef {Pick<import('../sync/offline_list.js').OfflineList, 'list'>} Store */

/**
 * Newest first; those with unsent edits are never left out.
 * @param {Store} store
 * @param {import('./recent.js').Recent[]} recent
 * @returns {Promise<OnDevice[]>}
 */
export async function listOnDevice(store, recent) {
  const copies = await store.list().catch(() => [])
  /** @type {Map<string, OnDevice>} */
  const found = new Map(recent.map(entry => [entry.name, { ...entry, isUnsent: false, isHere: false }]))
  for (const { name, opened, unsent, about } of copies) {
    const known = found.get(name)
    // What was taken off the list stays off, unless something would be forgotten with it.
    if (!known && unsent === 0) continue
    const title = typeof about.title === 'string' && about.title ? about.title : known?.title
    const kind = /** @type {import('./recent.js').Recent['kind']} */ (typeof about.kind === 'string' ? about.kind : known?.kind)
    found.set(name, { name, title, kind, at: Math.max(opened, known?.at ?? 0), isUnsent: unsent > 0, isHere: true })
  }
  return [...found.values()].sort((a, b) => b.at - a.at)
}
