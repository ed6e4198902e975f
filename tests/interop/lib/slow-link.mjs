// A link that lets only so many bits per second through to the client, as a bad mobile network does.

import { proxied } from './proxy.mjs'

const TICK = 50

/** A way to `server` on which each connection gets `bitsPerSecond` downwards. */
export function slowLink(t, server, bitsPerSecond) {
  const chunk = Math.max(1, Math.round((bitsPerSecond / 8) * (TICK / 1000)))
  return proxied(t, server, (near, far) => {
    const timer = setInterval(() => {
      if (near.writableLength > chunk) return
      const bytes = far.read(Math.min(chunk, far.readableLength))
      if (bytes) near.write(bytes)
    }, TICK)
    const end = () => {
      clearInterval(timer)
      near.destroy()
      far.destroy()
    }
    far.on('readable', () => {})
    near.pipe(far)
    for (const socket of [near, far]) {
      for (const event of ['end', 'close', 'error']) socket.on(event, end)
    }
  })
}
