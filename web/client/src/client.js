// The provider for other apps: connects by itself, notices the network coming back, and sums its facts up in a word.
import { Provider as Base } from './sync/provider.js'
import { browser, environmentWith } from './sync/socket.js'

/**
 * One word for the state of a document, the most important first: why nothing is sent any more; `loading`: nothing to
 * show yet; `offline`: not in step with the server; `saving`: an edit is not on its disk; `saved`: everything is.
 * @typedef {import('./sync/health.js').Stop | 'loading' | 'offline' | 'saving' | 'saved'} Status
 */

/**
 * @typedef {object} ProviderOptions
 * @property {string} server such as `wss://docs.example.org`
 * @property {string} name of the document
 * @property {import('yjs').Doc} doc
 * @property {import('y-protocols/awareness').Awareness} [awareness] presence; one is made when absent
 * @property {import('./sync/token.js').TokenSource | null} [token] a function is asked again before its token expires and when the server refuses it
 * @property {import('./sync/offline_store.js').OfflineStore | null} [store] where the copy of this device is kept
 * @property {any} [WebSocket] for runtimes without one, as Node 20: that of the package `ws`
 * @property {boolean} [connect] false to wait for `connect()`
 */

/** Keeps a Yjs document in step with a Coscribe server. */
export class Provider extends Base {
  #online = () => this.probe()

  /** @param {ProviderOptions} options */
  constructor({ WebSocket, connect = true, ...options }) {
    super({ ...options, environment: WebSocket ? environmentWith(url => new WebSocket(url)) : browser })
    for (const event of ['online', 'offline']) globalThis.addEventListener?.(event, this.#online)
    if (connect) this.connect()
  }

  /** @returns {Status} */
  get status() {
    const { stop, loaded, copied, lostAt, unsaved } = this.facts
    if (stop) return stop
    if (!loaded && !copied) return 'loading'
    if (lostAt !== null) return 'offline'
    return unsaved > 0 ? 'saving' : 'saved'
  }

  /** Ends everything but the document. */
  destroy() {
    for (const event of ['online', 'offline']) globalThis.removeEventListener?.(event, this.#online)
    super.destroy()
  }
}
