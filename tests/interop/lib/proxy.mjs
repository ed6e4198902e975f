// A TCP proxy in front of a server, a kit for links of all kinds: what happens to the bytes of each
// connection is a parameter. Knows nothing of what it carries.

import { connect, createServer } from 'node:net'

/** A way to `server` as what leads clients to one, `{host, http, ws, endings}`.
 *
 * `join(near, far)` gets both ends of every connection: the client's and the server's. */
export async function proxied(t, server, join) {
  const open = new Set()
  const keep = (socket) => {
    open.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => open.delete(socket))
    return socket
  }
  const proxy = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
    join(keep(near), keep(far))
  })
  await new Promise((done) => proxy.listen(0, '127.0.0.1', done))
  t.after(() => {
    proxy.close()
    open.forEach((socket) => socket.destroy())
  })
  const host = `127.0.0.1:${proxy.address().port}`
  return { host, http: `http://${host}`, ws: `ws://${host}/ws`, endings: server.endings }
}
