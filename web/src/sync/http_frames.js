// The frames of a WebSocket (RFC 6455 §5.2) as bytes, for connections that travel by requests. Knows no requests.

export const BINARY = 2
export const CLOSE = 8
export const PING = 9
export const PONG = 10

/**
 * A frame as clients write it. The mask is nothing: it is there for proxies that could take a frame for a request.
 * @param {number} kind
 * @param {Uint8Array} payload
 */
export function frame(kind, payload) {
  const { length } = payload
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const bytes = new Uint8Array(6 + extra + length)
  const view = new DataView(bytes.buffer)
  bytes[0] = 0x80 | kind
  bytes[1] = 0x80 | (extra === 0 ? length : extra === 2 ? 126 : 127)
  if (extra === 2) view.setUint16(2, length)
  if (extra === 8) view.setBigUint64(2, BigInt(length))
  bytes.set(payload, 6 + extra)
  return bytes
}

/** @typedef {{ kind: number, payload: Uint8Array }} Frame */

/** Finds the frames in bytes as a server sends them, in whatever pieces. */
export class Reader {
  /** What came of the next frame. @type {Uint8Array[]} */
  #parts = []
  #size = 0

  /** The frames that are complete with these bytes. @param {Uint8Array} bytes @returns {Frame[]} */
  read(bytes) {
    this.#parts.push(bytes)
    this.#size += bytes.length
    /** @type {Frame[]} */
    const frames = []
    // Joined only when a frame is complete: a large one comes in thousands of pieces.
    while (this.#size >= 2) {
      const { head, length } = this.#measures()
      if (this.#size < head + length) break
      const all = this.#joined()
      frames.push({ kind: all[0] & 0x0f, payload: all.slice(head, head + length) })
      this.#parts = [all.subarray(head + length)]
      this.#size -= head + length
    }
    return frames
  }

  /** Bytes of the next frame's head and of its payload; endless while the head is not complete. */
  #measures() {
    const start = this.#start()
    const view = new DataView(start.buffer, start.byteOffset, start.byteLength)
    const short = start[1] & 0x7f
    if (short < 126) return { head: 2, length: short }
    const head = short === 126 ? 4 : 10
    if (start.length < head) return { head, length: Infinity }
    return { head, length: short === 126 ? view.getUint16(2) : Number(view.getBigUint64(2)) }
  }

  /** What came, at least up to the end of the longest head. */
  #start() {
    if (this.#parts[0].length < 10 && this.#parts.length > 1) this.#parts = [this.#joined()]
    return this.#parts[0]
  }

  #joined() {
    if (this.#parts.length === 1) return this.#parts[0]
    const all = new Uint8Array(this.#size)
    let at = 0
    for (const part of this.#parts) {
      all.set(part, at)
      at += part.length
    }
    return all
  }
}
