// People at raw sockets whose edits arrive in an order that the test knows: each bout of one person's
// edits is stored before the next person's begins. Knows y-websocket's frames; simulates nobody.

import * as encoding from 'lib0/encoding'

import { connect, frame, frameThat, step1 } from './frames.mjs'

const VERSION = 102

/** Sends a log of `{name, update}` to a document, everyone by name on a socket of their own. Who comes back later says so by
 * presence numbers above those of before. */
export async function dictate(server, document, log, presences = 1) {
  const sockets = new Map()
  let open = null
  for (const [index, { name, update }] of log.entries()) {
    if (open !== null && open.name !== name) await open.stored(index)
    open = sockets.get(name) ?? await scribe(server, document, name, presences + sockets.size)
    sockets.set(name, open)
    open.send(frame(0, 2, update))
  }
  await open.stored(log.length)
  sockets.forEach((it) => it.close())
}

async function scribe(server, document, name, client) {
  const it = await connect(`${server.ws}/${document}`)
  const send = (bytes) => it.socket.send(bytes)
  server.endings.push(() => it.socket.close())
  send(step1())
  send(frame(1, presence(client, name)))
  return {
    name,
    send,
    close: () => it.socket.close(),
    /** Everything sent so far is stored: the server says so in the order of the frames. */
    stored: async (number) => {
      const version = frame(number)
      it.received.length = 0
      send(frame(VERSION, version))
      const echo = Buffer.from(frame(VERSION, version))
      await frameThat(`the server has stored what ${name} sent`, it, (bytes) => echo.equals(bytes))
    },
  }
}

function presence(client, name) {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 1)
  encoding.writeVarUint(encoder, client)
  encoding.writeVarUint(encoder, 1)
  encoding.writeVarString(encoder, JSON.stringify({ user: { name } }))
  return encoding.toUint8Array(encoder)
}
