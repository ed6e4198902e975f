// What a rich document can hold: Tiptap's node and mark names with Tiptap's attributes, so that other Yjs
// editors read what we write. A change here is a new number in `sync/meta.js`.
import {
  Blockquote,
  Bold,
  BulletList,
  Code,
  CodeBlock,
  Document,
  HardBreak,
  Heading,
  Highlight,
  HorizontalRule,
  Italic,
  ListItem,
  OrderedList,
  Paragraph,
  Strike,
  TaskItem,
  TaskList,
  Text,
  Underline,
} from '../../../vendor/rich.js'
import { t } from '../../i18n/index.js'
import { Image } from './image.js'
import { Link } from './link.js'
import { Table, TableCell, TableHeader, TableRow } from './table_nodes.js'

/** Everything that decides the schema, and nothing else. */
export const schemaExtensions = () => [
  Document,
  Paragraph,
  Text,
  Heading,
  Blockquote,
  CodeBlock.configure({ enableTabIndentation: true, tabSize: 2 }),
  HardBreak,
  HorizontalRule,
  BulletList,
  OrderedList,
  ListItem,
  TaskList,
  TaskItem.configure({ nested: true, a11y: { checkboxLabel: node => t('rich.task', { text: node.firstChild?.textContent || t('rich.task.empty') }) } }),
  Table,
  TableRow,
  TableHeader,
  TableCell,
  Image,
  Bold,
  Italic,
  Underline,
  Strike,
  Code,
  Highlight.configure({ multicolor: true }),
  Link,
]
