// Tiptap's collaboration demo as its guide shows it: stock Collaboration, stock carets of y-tiptap, and the
// HocuspocusProvider. A page for tests; knows nothing of Coscribe.
import { HocuspocusProvider } from '@hocuspocus/provider'
import { Editor, Extension } from '@tiptap/core'
import { Blockquote } from '@tiptap/extension-blockquote'
import { Bold } from '@tiptap/extension-bold'
import { Code } from '@tiptap/extension-code'
import { CodeBlock } from '@tiptap/extension-code-block'
import { Collaboration } from '@tiptap/extension-collaboration'
import { Document } from '@tiptap/extension-document'
import { HardBreak } from '@tiptap/extension-hard-break'
import { Heading } from '@tiptap/extension-heading'
import { Highlight } from '@tiptap/extension-highlight'
import { HorizontalRule } from '@tiptap/extension-horizontal-rule'
import { Image } from '@tiptap/extension-image'
import { Italic } from '@tiptap/extension-italic'
import { Link } from '@tiptap/extension-link'
import { BulletList, ListItem, OrderedList, TaskItem, TaskList } from '@tiptap/extension-list'
import { Paragraph } from '@tiptap/extension-paragraph'
import { Strike } from '@tiptap/extension-strike'
import { TableKit } from '@tiptap/extension-table'
import { Text } from '@tiptap/extension-text'
import { Underline } from '@tiptap/extension-underline'
import { yCursorPlugin } from '@tiptap/y-tiptap'
import * as Y from 'yjs'

const [, address, name] = location.hash.split('#').map(decodeURIComponent)
const document_ = new Y.Doc()
const provider = new HocuspocusProvider({ url: address, name, document: document_ })
provider.awareness?.setLocalStateField('user', { name: 'Tiptap', color: '#b91c1c' })
const carets = Extension.create({ name: 'carets', addProseMirrorPlugins: () => [yCursorPlugin(/** @type {any} */ (provider.awareness))] })

provider.on('synced', () => {
  if ('editor' in globalThis) return
  const editor = new Editor({
    element: document.body,
    extensions: [Document, Paragraph, Text, Heading, Blockquote, Bold, Italic, Underline, Strike, Code, Highlight, Link, CodeBlock, HardBreak, HorizontalRule, BulletList, OrderedList, ListItem, TaskList, TaskItem.configure({ nested: true }), TableKit, Image, Collaboration.configure({ document: document_ }), carets],
  })
  Object.assign(globalThis, { editor })
})
