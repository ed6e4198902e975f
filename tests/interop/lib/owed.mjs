// What a server still owes a Hocuspocus connection: each edit and each second step of a handshake is
// answered by one acknowledgement, so counting frames tells whether all that was sent is stored.
//
// Version 2 of the provider counts on across a connection that broke (it forgets what it counted, and
// sends what it had queued), and is below zero afterwards, or at zero too early. No server can mend
// that, so what it says counts only together with this. An answer that the server asked for itself is
// not acknowledged, and keeps the count above zero: this doubts too much, and never too little.

import { addressed } from './frames.mjs'

const [SYNC, STATUS] = [0, 8]

/** Counts on every socket given to `onSocket`; `owed()` is of the newest. */
export function counted() {
  let newest = { owed: 0 }
  const onSocket = (socket) => {
    const count = { owed: 0 }
    newest = count
    const send = socket.send.bind(socket)
    socket.send = (bytes, ...rest) => {
      const { type, rest: body } = addressed(new Uint8Array(bytes))
      if (type === SYNC && body[0] > 0) count.owed += 1
      send(bytes, ...rest)
    }
    socket.on('message', (bytes) => {
      if (addressed(new Uint8Array(bytes)).type === STATUS) count.owed -= 1
    })
  }
  return { onSocket, owed: () => newest.owed }
}
