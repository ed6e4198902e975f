// WebSockets that can be counted and listened to, for providers that take a `WebSocketPolyfill`.

import WebSocket from 'ws'

/** A WebSocket class and the list of every socket made of it, each with `received` (the binary
 * frames that came in) when `record` is set, and `ended` ({code, reason}) once it has closed.
 * `made` is told of each. */
export function watchedSockets({ record = false, made } = {}) {
  const sockets = []
  class WatchedSocket extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols)
      this.received = []
      this.ended = null
      sockets.push(this)
      made?.(this)
      // Browsers raise nothing that nobody listens to, and providers rely on it.
      this.on('error', () => {})
      this.on('close', (code, reason) => { this.ended = { code, reason: reason.toString() } })
      if (record) this.on('message', (data) => this.received.push(Buffer.from(data)))
    }
  }
  return { Socket: WatchedSocket, sockets }
}
