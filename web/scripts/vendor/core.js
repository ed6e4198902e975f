// What the sync code needs: Yjs and its wire helpers. Runs without a DOM.
export * as Y from 'yjs'
export * as awareness from 'y-protocols/awareness'
export * as encoding from 'lib0/encoding'
export * as decoding from 'lib0/decoding'
