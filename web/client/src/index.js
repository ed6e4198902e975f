// What the package offers. Everything but the few conveniences of client.js are the modules that Coscribe's pages use.
export { Provider } from './client.js'
export { OfflineStore } from './sync/offline_store.js'

/** @typedef {import('./client.js').Status} Status */
/** @typedef {import('./client.js').ProviderOptions} ProviderOptions */
/** @typedef {import('./sync/facts.js').Facts} Facts */
/** @typedef {import('./sync/health.js').Stop} Stop */
/** @typedef {import('./sync/offline_list.js').Listed} Listed */
/** @typedef {import('./sync/token.js').TokenSource} TokenSource */
