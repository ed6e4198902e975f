// A proxy between browsers and the server, as networks have them: it can refuse WebSockets, swallow them, let them open
// and say nothing on them, and keep answers until they are complete. Knows HTTP/1.1 as Node does, and no frames.
import { request as ask, createServer } from 'node:http'
import { connect } from 'node:net'
import { closeAfterwards } from './closing.mjs'

/** What happens to a WebSocket: it passes, is answered 403, hangs, or opens and stays mute. @typedef {'pass' | 'refuse' | 'swallow' | 'mute'} Sockets */

/** @param {number} port the server's @param {{ sockets?: Sockets, keepsBack?: boolean }} [rules] may be changed at any time */
export async function startProxy(port, rules = {}) {
  const seen = { sockets: 0, streams: 0, polls: 0, posts: 0 }
  /** @type {Set<import('node:stream').Duplex>} */
  const open = new Set()
  /** @type {Set<() => void>} */
  const watching = new Set()
  const proxy = createServer((request, response) => {
    if (request.url?.startsWith('/sse/')) {
      if (request.method === 'GET') seen[request.headers.accept === 'text/event-stream' ? 'streams' : 'polls'] += 1
      else seen.posts += 1
    }
    const passed = ask({ port, host: '127.0.0.1', method: request.method, path: request.url, headers: request.headers })
    passed.on('response', answer => {
      if (!rules.keepsBack) {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        return answer.pipe(response)
      }
      /** @type {Buffer[]} */
      const kept = []
      answer.on('data', part => kept.push(part))
      return answer.on('end', () => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        response.end(Buffer.concat(kept))
      })
    })
    passed.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()))
    response.on('close', () => passed.destroy())
    request.on('error', () => passed.destroy())
    request.pipe(passed)
  })
  proxy.on('upgrade', (request, socket, head) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => {})
    const { sockets = 'pass' } = rules
    if (sockets === 'refuse') return socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    if (sockets === 'swallow') return undefined
    const through = connect(port, '127.0.0.1', () => {
      const lines = [`${request.method} ${request.url} HTTP/1.1`]
      for (let at = 0; at < request.rawHeaders.length; at += 2) lines.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`)
      through.write(`${lines.join('\r\n')}\r\n\r\n`)
      if (sockets === 'mute') return through.once('data', opened => socket.write(opened))
      seen.sockets += 1
      for (const look of watching) look()
      through.write(head)
      return socket.pipe(through).pipe(socket)
    })
    through.on('error', () => socket.destroy())
    socket.on('close', () => through.destroy())
    return through.on('close', () => socket.destroy())
  })
  await new Promise(resolve => proxy.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = /** @type {import('node:net').AddressInfo} */ (proxy.address())
  const close = () => {
    for (const socket of open) socket.destroy()
    proxy.closeAllConnections()
    return new Promise(resolve => proxy.close(resolve))
  }
  closeAfterwards(close)
  /** Resolves when so many WebSockets have passed. @param {number} count */
  const passes = count => new Promise(resolve => {
    const look = () => seen.sockets >= count && (watching.delete(look), resolve(undefined))
    watching.add(look)
    look()
  })
  return { passes, url: `http://127.0.0.1:${address.port}`, port: address.port, rules, seen, close }
}
