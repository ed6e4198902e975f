// Somebody who writes plain text without a page: our own sync under Node. Carets are published as stock
// y-codemirror editors do, with a name and a CSS colour and no id.
import WebSocket from 'ws'
import { closeAfterwards } from './closing.mjs'
import { within } from './within.mjs'
import { Y } from '../../vendor/core.js'
import { writeMeta } from '../../src/sync/meta.js'
import { Provider } from '../../src/sync/provider.js'
import { browser } from '../../src/sync/socket.js'

/** @param {number} port @param {string} name @param {{ kind?: import('../../src/sync/meta.js').Kind, lang?: string, title?: string, text?: string }} [start] what the document is to be, if anything */
export async function writer(port, name, start) {
  const doc = new Y.Doc()
  const environment = { ...browser, open: (/** @type {string} */ url) => /** @type {any} */ (new WebSocket(url)) }
  const provider = new Provider({ server: `ws://127.0.0.1:${port}`, name, doc, environment })
  closeAfterwards(() => provider.destroy())
  const text = doc.getText('text')
  /** @param {() => boolean} holds */
  const until = holds => within(new Promise(resolve => {
    const stop = provider.subscribe(() => {
      if (!holds()) return
      stop()
      resolve(undefined)
    })
    if (holds()) {
      stop()
      resolve(undefined)
    }
  }), () => JSON.stringify(provider.facts))
  provider.connect()
  await until(() => provider.facts.loaded)
  if (start) {
    const { text: content = '', ...meta } = start
    doc.transact(() => {
      writeMeta(doc, meta)
      text.insert(0, content)
    })
  }
  const saved = () => until(() => provider.facts.loaded && provider.facts.unsaved === 0)
  await saved()
  return {
    doc,
    text,
    saved,
    /** Resolves when the text holds this. @param {(content: string) => boolean} holds */
    sees: holds => within(new Promise(resolve => {
      const look = () => {
        if (!holds(text.toString())) return
        text.unobserve(look)
        resolve(undefined)
      }
      text.observe(look)
      look()
    }), () => JSON.stringify(text.toString())),
    awareness: provider.awareness,
    /** @param {string} person @param {number} anchor @param {number} [head] */
    pointsAt(person, anchor, head = anchor) {
      provider.awareness.setLocalState({
        user: { name: person, color: '#30bced', colorLight: '#30bced33' },
        cursor: { anchor: Y.createRelativePositionFromTypeIndex(text, anchor), head: Y.createRelativePositionFromTypeIndex(text, head) },
      })
    },
    close: () => provider.destroy(),
  }
}
