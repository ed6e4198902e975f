// Copies of documents on this device, in IndexedDB, so that they open and are edited without the server. No DOM: the
// database and the channel between tabs are parameters. One copy: offline_copy.js; its layout: copy_rows.js.
import { OfflineCopy } from './offline_copy.js'
import { OfflineList } from './offline_list.js'

/**
 * @typedef {object} StoreOptions
 * @property {(new (name: string) => import('./tabs.js').Channel) | null} [BroadcastChannel]
 * @property {(doc: import('../../vendor/core.js').Y.Doc) => Record<string, unknown>} [describe] what `list` tells about a document
 */

/** All copies of one device, to open. */
export class OfflineStore extends OfflineList {
  #channels
  #databaseName
  #describe

  /** @param {import('./offline_list.js').OfflineOptions & StoreOptions} [options] */
  constructor({ BroadcastChannel = globalThis.BroadcastChannel ?? null, describe = () => ({}), ...options } = {}) {
    super(options)
    this.#channels = BroadcastChannel
    this.#databaseName = options.database ?? 'coscribe'
    this.#describe = describe
  }

  /** The copy of a document, loading. @param {string} name @param {import('./options.js').CopyOwner} owner */
  open(name, owner) {
    const Channel = this.#channels
    return new OfflineCopy({
      name,
      database: this.database,
      channel: Channel && (called => new Channel(`${this.#databaseName}/${called}`)),
      describe: this.#describe,
      environment: this.environment,
      makeRoom: called => this.evict(0, called).catch(() => {}),
    }, owner)
  }
}
