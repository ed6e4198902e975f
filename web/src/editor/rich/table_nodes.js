// The nodes of a table exactly as Tiptap stores, reads and writes them, without Tiptap's tools for tables, which
// are large. Knows neither keys nor commands.
import { Node, mergeAttributes } from '../../../vendor/rich.js'

/** @typedef {import('../../../vendor/rich.js').ProseMirrorNode} Doc */

/** A column is at least this wide, in px; Tiptap's number. */
const NARROWEST = 25

/** How wide the columns of a table are, as its first row says. @param {Doc} table */
function widthsOf({ firstChild: row }) {
  /** @type {(number | undefined)[]} */
  const widths = []
  row?.forEach(({ attrs: { colspan, colwidth } }) => {
    for (let index = 0; index < colspan; index += 1) widths.push(colwidth?.[index] || undefined)
  })
  const total = widths.reduce((/** @type {number} */ sum, width) => sum + (width ?? NARROWEST), 0)
  return {
    columns: widths.map(width => (width ? `width: ${Math.max(width, NARROWEST)}px` : `min-width: ${NARROWEST}px`)),
    table: widths.every(Boolean) ? `width: ${total}px` : `min-width: ${total}px`,
  }
}

/** How a table is shown: it scrolls sideways within its own frame. */
export class TableFrame {
  dom = document.createElement('div')
  #table = this.dom.appendChild(document.createElement('table'))
  #columns = this.#table.appendChild(document.createElement('colgroup'))
  contentDOM = this.#table.appendChild(document.createElement('tbody'))

  /** @param {Doc} node */
  constructor(node) {
    this.node = node
    this.dom.className = 'tableWrapper'
    this.update(node)
  }

  /** @param {Doc} node */
  update(node) {
    if (!node.sameMarkup(this.node)) return false
    const { columns, table } = widthsOf(node)
    this.node = node
    if (this.#table.style.cssText !== `${table};`) this.#table.style.cssText = table
    while (this.#columns.children.length > columns.length) this.#columns.lastElementChild?.remove()
    columns.forEach((style, index) => {
      const column = /** @type {HTMLElement} */ (this.#columns.children[index] ?? this.#columns.appendChild(document.createElement('col')))
      if (column.style.cssText !== `${style};`) column.style.cssText = style
    })
    return true
  }

  /** @param {{ target: globalThis.Node, type: string }} mutation */
  ignoreMutation({ target, type }) {
    return type !== 'selection' && this.dom.contains(target) && !this.contentDOM.contains(target)
  }
}

export const Table = Node.create({
  name: 'table',
  content: 'tableRow+',
  tableRole: 'table',
  isolating: true,
  group: 'block',
  parseHTML: () => [{ tag: 'table' }],
  renderHTML({ node, HTMLAttributes }) {
    const { columns, table } = widthsOf(node)
    const rest = [['colgroup', {}, ...columns.map(style => ['col', { style }])], ['tbody', 0]]
    return /** @type {any} */ (['table', mergeAttributes(HTMLAttributes, { style: table }), ...rest])
  },
  /** Every node learns its part in a table: the tools go by it. */
  extendNodeSchema: extension => ({ tableRole: extension.config.tableRole }),
})

export const TableRow = Node.create({
  name: 'tableRow',
  content: '(tableCell | tableHeader)*',
  tableRole: 'row',
  parseHTML: () => [{ tag: 'tr' }],
  renderHTML: ({ HTMLAttributes }) => ['tr', HTMLAttributes, 0],
})

export const TableHeader = cell('tableHeader', 'th', 'header_cell')
export const TableCell = cell('tableCell', 'td', 'cell')

/** @param {string} name @param {string} tag @param {string} tableRole */
function cell(name, tag, tableRole) {
  const isEmpty = (/** @type {HTMLElement} */ element) => element.children.length === 0 && !/[^ \t\r\n\f]/.test(element.textContent ?? '')
  return Node.create({
    name,
    content: 'block+',
    tableRole,
    isolating: true,
    addAttributes: () => ({
      colspan: { default: 1 },
      rowspan: { default: 1 },
      colwidth: { default: null, parseHTML: widthsFrom },
      align: {
        default: null,
        parseHTML: element => alignment((element.style.textAlign || '').trim().toLowerCase() || (element.getAttribute('align') || '').trim().toLowerCase()),
        renderHTML: ({ align }) => (alignment(align) ? { style: `text-align: ${align}` } : {}),
      },
    }),
    parseHTML: () => [
      {
        tag,
        getAttrs: element => (isEmpty(element) ? {} : false),
        getContent: (_element, schema) => /** @type {Doc} */ (schema.nodes[name].createAndFill()).content,
      },
      { tag },
    ],
    renderHTML({ HTMLAttributes: { colspan, rowspan, ...rest } }) {
      const spans = Object.entries({ colspan, rowspan }).filter(([, span]) => span && String(span) !== '1')
      return [tag, { ...Object.fromEntries(spans), ...rest }, 0]
    },
  })
}

/** @param {unknown} value */
const alignment = value => (['left', 'right', 'center'].includes(String(value)) ? value : null)

/** Widths at a cell itself, else that of its column. @param {HTMLElement} element */
function widthsFrom(element) {
  const own = element.getAttribute('colwidth')
  if (own) return own.split(',').map(width => parseInt(width, 10))
  const index = [...(element.parentElement?.children ?? [])].indexOf(element)
  const width = element.closest('table')?.querySelectorAll('colgroup > col')[index]?.getAttribute('width')
  return width ? [parseInt(width, 10)] : null
}
