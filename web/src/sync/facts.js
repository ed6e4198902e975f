// Everything that the status of a document is computed from. Types only.

/**
 * Times are ms of `Environment.now`.
 * @typedef {object} Facts
 * @property {import('./health.js').Stop | null} stop
 * @property {string} reason the server's words on `stop`
 * @property {boolean} loaded the document was here completely once
 * @property {boolean} copied the copy on this device is here, or a document that begins here
 * @property {number} startedAt
 * @property {number | null} lostAt since when page and server are not in step; null when they are
 * @property {number} failures attempts that failed since then
 * @property {number | null} nextTry when the next attempt is due
 * @property {boolean} restarting the server said it will be back
 * @property {boolean} slowed the server asked us to send less at once
 * @property {import('./frames.js').Hello['access']} access what the server lets us do
 * @property {boolean} isOpen everybody may do everything: there are no rights to give
 * @property {number} knocks goes up when those who wait for access are others than before; owners are told
 * @property {boolean} canEdit the server takes our edits
 * @property {number} unsaved edits the server has not confirmed
 * @property {number | null} unsavedSince
 * @property {number | null} savedAt
 * @property {import('./options.js').StorageState | 'none'} storage whether edits survive this page; `none`: nobody asked for that
 * @property {number} unstored our edits that are nowhere but in this page and, perhaps, on the server
 */

export {}
