// Starts the worker of a document's past. Pages start it by this address, which never changes.
import './src/history/worker.js'
