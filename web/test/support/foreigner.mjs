// A Yjs client without any editor: writes what another app could write into a document, and reads it back.
import * as Y from 'yjs'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync'
import WebSocket from 'ws'
import { closeAfterwards } from './closing.mjs'
import { within } from './within.mjs'

/** What `write` can put at the end of a rich document. @type {Record<string, (text: string) => (Y.XmlElement | Y.XmlText)[]>} */
const PARTS = {
  'a paragraph': text => [element('paragraph', text)],
  'a node': text => [element('callout', text)],
  'a mark': text => [element('paragraph', text, { sparkle: { size: 3 } })],
  'an attribute': text => {
    const paragraph = element('paragraph', text)
    paragraph.setAttribute('textAlign', 'center')
    return [paragraph]
  },
  'an embed': text => {
    const paragraph = new Y.XmlElement('paragraph')
    const inside = new Y.XmlText()
    inside.applyDelta([{ insert: text }, { insert: { formula: 'x' } }])
    paragraph.insert(0, [inside])
    return [paragraph]
  },
  'text where none can be': text => [new Y.XmlText(text)],
  'a list item without its paragraph': text => {
    const inner = new Y.XmlElement('bulletList')
    const item = new Y.XmlElement('listItem')
    item.insert(0, [element('paragraph', text)])
    inner.insert(0, [item])
    const outer = new Y.XmlElement('bulletList')
    const hollow = new Y.XmlElement('listItem')
    hollow.insert(0, [inner])
    outer.insert(0, [hollow])
    return [outer]
  },
}

/** @param {string} name @param {string} text @param {Record<string, object>} [marks] */
function element(name, text, marks) {
  const made = new Y.XmlElement(name)
  const inside = new Y.XmlText()
  inside.insert(0, text, marks)
  made.insert(0, [inside])
  return made
}

/** Connects to a document. @param {number} port @param {string} name */
export async function foreigner(port, name) {
  const doc = new Y.Doc()
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/${encodeURIComponent(name)}`)
  closeAfterwards(() => socket.close())
  socket.binaryType = 'arraybuffer'
  const send = (/** @type {(encoder: encoding.Encoder) => void} */ write) => {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, 0)
    write(encoder)
    socket.send(encoding.toUint8Array(encoder))
  }
  /** @type {Set<() => void>} */
  const waiting = new Set()
  doc.on('update', (update, origin) => origin !== socket && send(encoder => writeUpdate(encoder, update)))
  socket.on('message', data => {
    const decoder = decoding.createDecoder(new Uint8Array(/** @type {ArrayBuffer} */ (data)))
    if (decoding.readVarUint(decoder) !== 0) return
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, 0)
    const type = readSyncMessage(decoder, encoder, doc, socket)
    if (encoding.length(encoder) > 1) socket.send(encoding.toUint8Array(encoder))
    if (type === 1) for (const done of waiting) (waiting.delete(done), done())
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  /** Waits until the server has all of ours and we have all of its. */
  const settled = () => within(new Promise(resolve => {
    waiting.add(() => resolve(undefined))
    send(encoder => writeSyncStep1(encoder, doc))
  }), () => 'no answer of the server')
  await settled()
  return {
    doc,
    settled,
    /** @param {string} part @param {string} text */
    write: (part, text) => doc.getXmlFragment('default').push(PARTS[part](text)),
    content: () => doc.getXmlFragment('default').toString(),
    close: () => socket.close(),
  }
}
