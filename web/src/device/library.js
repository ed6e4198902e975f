// The documents that this device has something of, for lists: copies that open offline, with the edits that were
// not sent yet, and documents that were merely opened. Knows a store by what it can do; draws nothing.

/**
 * @typedef {object} OnDevice
 * @property {string} name
 * @property {string} title empty when it has none or nobody knows
 * @property {string | null} kind
 * @property {number} at when it was last opened, ms since 1970
 * @property {number} bytes of the copy; 0 without one
 * @property {number} unsent edits that the server has not confirmed
 * @property {boolean} isHere it opens without the server
 */
/** @typedef {Pick<import('../sync/offline_store.js').OfflineStore, 'list' | 'forget'>} Store */

/**
 * Newest first; those with unsent edits are never left out.
 * @param {Store} store
 * @param {import('./recent.js').Recent[]} recent
 * @returns {Promise<OnDevice[]>}
 */
export async function listOnDevice(store, recent) {
  const copies = await store.list().catch(() => [])
  /** @type {Map<string, OnDevice>} */
  const found = new Map(recent.map(({ name, at }) => [name, { name, title: '', kind: null, at, bytes: 0, unsent: 0, isHere: false }]))
  for (const { name, opened, bytes, unsent, about } of copies) {
    const known = found.get(name)
    if (!known && unsent === 0) continue
    const { title, kind } = about
    found.set(name, {
      name,
      title: typeof title === 'string' ? title : '',
      kind: typeof kind === 'string' ? kind : null,
      at: Math.max(opened, known?.at ?? 0),
      bytes,
      unsent,
      isHere: true,
    })
  }
  return [...found.values()].sort((a, b) => b.at - a.at)
}
