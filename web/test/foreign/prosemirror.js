// A plain y-prosemirror page with the same node and mark names as Coscribe's documents, over y-websocket.
// A page for tests; knows nothing of Coscribe.
import { Schema } from '@tiptap/pm/model'
import { EditorState } from '@tiptap/pm/state'
import { EditorView } from '@tiptap/pm/view'
import { WebsocketProvider } from 'y-websocket'
import { yCursorPlugin, ySyncPlugin, yUndoPlugin } from 'y-prosemirror'
import * as Y from 'yjs'

const [, address, name] = location.hash.split('#').map(decodeURIComponent)
const schema = new Schema({
  nodes: {
    doc: { content: 'block+' },
    paragraph: { group: 'block', content: 'inline*', toDOM: () => ['p', 0] },
    heading: { group: 'block', content: 'inline*', attrs: { level: { default: 1 } }, toDOM: node => [`h${node.attrs.level}`, 0] },
    text: { group: 'inline' },
  },
  marks: {
    bold: { toDOM: () => ['strong', 0] },
    italic: { toDOM: () => ['em', 0] },
  },
})
const doc = new Y.Doc()
const provider = new WebsocketProvider(address, name, doc)
provider.awareness.setLocalStateField('user', { name: 'Plain', color: '#15803d' })
provider.on('sync', () => {
  if ('view' in globalThis) return
  const fragment = doc.getXmlFragment('default')
  const view = new EditorView(document.body, { state: EditorState.create({ schema, plugins: [ySyncPlugin(fragment), yCursorPlugin(provider.awareness), yUndoPlugin()] }) })
  Object.assign(globalThis, { view })
})
