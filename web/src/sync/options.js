// What a connection to a document, and its copy on this device, are made with. Types only.

/**
 * @typedef {object} ProviderOptions
 * @property {string} server such as `wss://host`
 * @property {string} name the document's; the provider has another one when it was renamed on the server
 * @property {import('../../vendor/core.js').Y.Doc} doc
 * @property {import('../../vendor/core.js').awareness.Awareness} [awareness] one is made when absent
 * @property {import('./token.js').TokenSource | null} [token] one or several; a function is asked again when the server wants another one
 * @property {import('./offline_store.js').OfflineStore | null} [store] where the copy of this device is kept
 * @property {number} [app] newest schema this app can write; a server with newer pages is not sent anything
 * @property {import('./socket.js').Environment} [environment] time, chance and sockets; the runtime's when absent
 */

/**
 * @typedef {object} CopyOptions
 * @property {string} name the document's
 * @property {import('./database.js').Database} database
 * @property {((name: string) => import('./tabs.js').Channel) | null} channel where the tabs that have a document open meet
 * @property {(doc: import('../../vendor/core.js').Y.Doc) => Record<string, unknown>} describe
 * @property {import('./socket.js').Environment} environment
 * @property {(name: string) => Promise<unknown>} makeRoom for the copy of this name
 */

/**
 * What the copy needs from the connection it belongs to.
 * @typedef {object} CopyOwner
 * @property {import('../../vendor/core.js').Y.Doc} doc
 * @property {import('./life.js').Life} life
 * @property {import('./saving.js').Saving} saving
 * @property {string} session
 * @property {() => void} changed facts may have changed
 * @property {(message: Extract<import('./tabs.js').Message, { kind: 'presence' | 'who' }>) => void} presence
 * @property {() => void} dropped another tab gave the copy up
 * @property {() => void} late the copy came after the server was asked, and tells which life this is
 */

/**
 * `opening`: not known yet; `slow`: neither, and nobody waits any longer; `kept`: edits survive this page; `refused`:
 * they do not.
 * @typedef {'opening' | 'slow' | 'kept' | 'refused'} StorageState
 */

export {}
