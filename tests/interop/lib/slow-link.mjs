// A TCP proxy that lets only so many bits per second through to the client, as a bad mobile link
// does. Knows nothing of what it carries.

import { connect, createServer } from 'node:net'

const TICK = 50

/** A way to `server` on which each connection gets `bitsPerSecond` downwards. */
export async function slowLink(t, server, bitsPerSecond) {
  const chunk = Math.max(1, Math.round((bitsPerSecond / 8) * (TICK / 1000)))
  const open = new Set()
  const proxy = createServer((near) => {
    const far = connect(server.port, '127.0.0.1')
    const timer = setInterval(() => {
      if (near.writableLength > chunk) return
      const bytes = far.read(Math.min(chunk, far.readableLength))
      if (bytes) near.write(bytes)
    }, TICK)
    const end = () => {
      clearInterval(timer)
      open.delete(near)
      near.destroy()
      far.destroy()
    }
    open.add(near)
    far.on('readable', () => {})
    near.pipe(far)
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      socket.on('close', end)
      socket.on('error', end)
    }
  })
  await new Promise((done) => proxy.listen(0, '127.0.0.1', done))
  t.after(() => {
    proxy.close()
    open.forEach((socket) => socket.destroy())
  })
  return { ws: `ws://127.0.0.1:${proxy.address().port}/ws`, endings: server.endings }
}
