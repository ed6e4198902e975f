// A connection of a kind whose code is only loaded when it is wanted, in the shape of a WebSocket. Knows no bytes.

/** @typedef {import('./ways.js').Link} Link */

export class Later {
  readyState = 0
  /** @type {BinaryType} */
  binaryType = 'arraybuffer'
  /** @type {((event: any) => void) | null} */
  onopen = null
  /** @type {((event: any) => void) | null} */
  onmessage = null
  /** @type {((event: any) => void) | null} */
  onclose = null
  /** @type {((event: any) => void) | null} */
  onerror = null
  /** @type {Link | null} */
  #link = null

  /** @param {Promise<Link>} coming */
  constructor(coming) {
    coming.then(link => this.#has(link), () => this.#closed({ code: 1006, reason: '' }))
  }

  /** @param {Link} link */
  #has(link) {
    if (this.readyState === 3) return link.close()
    this.#link = link
    link.binaryType = this.binaryType
    link.onopen = event => {
      this.readyState = 1
      this.onopen?.(event)
    }
    link.onmessage = event => this.onmessage?.(event)
    link.onerror = event => this.onerror?.(event)
    link.onclose = event => this.#closed(event)
  }

  /** @param {{ code: number, reason: string }} event */
  #closed(event) {
    this.readyState = 3
    this.onclose?.(event)
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  send(bytes) {
    this.#link?.send(bytes)
  }

  close() {
    if (this.readyState === 3) return
    this.readyState = 3
    this.#link?.close()
  }
}
