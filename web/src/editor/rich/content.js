// What a rich document says, for others than its readers: headings, counts, and the text as Markdown.
/** @typedef {import('../../../vendor/rich.js').Editor['state']['doc']} Doc */

/** Headings with their places. @param {Doc} doc @returns {{ level: number, text: string, at: number }[]} */
export function headings(doc) {
  /** @type {{ level: number, text: string, at: number }[]} */
  const found = []
  doc.descendants((node, at) => {
    if (node.type.name === 'heading') found.push({ level: node.attrs.level, text: node.textContent, at })
    return !node.isTextblock
  })
  return found
}

/** @type {WeakMap<Doc, { words: number, characters: number }>} */
const counted = new WeakMap()

/** Words and characters; blocks that did not change are not counted again. @param {Doc} doc */
export function count(doc) {
  const known = counted.get(doc)
  if (known) return known
  const total = { words: 0, characters: 0 }
  if (doc.isTextblock) {
    const text = doc.textContent
    total.characters = text.length
    total.words = wordsIn(text)
  } else {
    doc.forEach(child => {
      const part = count(child)
      total.words += part.words
      total.characters += part.characters
    })
  }
  counted.set(doc, total)
  return total
}

/** Runs of letters and digits; scripts without spaces count by character. @param {string} text */
function wordsIn(text) {
  return text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}][\p{L}\p{N}\p{M}'’.-]*/gu)?.length ?? 0
}

/** The text with Markdown marks, readable by people; the exact export is the server's. @param {Doc} doc */
export function asMarkdown(doc) {
  return blocksOf(doc).join('\n\n')
}

/** @param {Doc} parent @returns {string[]} */
function blocksOf(parent) {
  /** @type {string[]} */
  const blocks = []
  parent.forEach(child => void blocks.push(block(child)))
  return blocks
}

/** @param {Doc} node @returns {string} */
function block(node) {
  switch (node.type.name) {
    case 'heading':
      return `${'#'.repeat(node.attrs.level)} ${inline(node)}`
    case 'codeBlock':
      return `\`\`\`${node.attrs.language ?? ''}\n${node.textContent}\n\`\`\``
    case 'horizontalRule':
      return '---'
    case 'image':
      return `![${node.attrs.alt ?? ''}](${node.attrs.src ?? ''})`
    case 'blockquote':
      return prefixed(blocksOf(node).join('\n\n'), '> ', '> ')
    case 'bulletList':
    case 'orderedList':
    case 'taskList':
      return list(node)
    case 'table':
      return table(node)
    default:
      return node.isTextblock ? inline(node) : blocksOf(node).join('\n\n')
  }
}

/** @param {Doc} node */
function list(node) {
  /** @type {string[]} */
  const items = []
  node.forEach((item, _at, index) => {
    const mark = { orderedList: `${(node.attrs.start ?? 1) + index}. `, taskList: `- [${item.attrs.checked ? 'x' : ' '}] ` }[node.type.name] ?? '- '
    items.push(prefixed(blocksOf(item).join('\n'), mark, '  '))
  })
  return items.join('\n')
}

/** @param {Doc} node */
function table(node) {
  /** @type {string[]} */
  const rows = []
  node.forEach((row, _at, index) => {
    /** @type {string[]} */
    const cells = []
    row.forEach(cell => void cells.push(blocksOf(cell).join(' ').replace(/\n/g, ' ').replaceAll('|', '\\|')))
    rows.push(`| ${cells.join(' | ')} |`)
    if (index === 0) rows.push(`|${' --- |'.repeat(cells.length)}`)
  })
  return rows.join('\n')
}

/** @type {Record<string, string>} */
const MARKS = { bold: '**', italic: '*', strike: '~~', code: '`' }

/** @param {Doc} node */
function inline(node) {
  let text = ''
  node.forEach(child => {
    if (child.type.name === 'hardBreak') return void (text += '  \n')
    let part = child.text ?? ''
    for (const mark of child.marks) {
      if (mark.type.name in MARKS) part = MARKS[mark.type.name] + part + MARKS[mark.type.name]
      if (mark.type.name === 'link') part = `[${part}](${mark.attrs.href})`
    }
    text += part
  })
  return text
}

/** @param {string} text @param {string} first @param {string} others */
function prefixed(text, first, others) {
  return text
    .split('\n')
    .map((line, index) => (index === 0 ? first : others) + line)
    .join('\n')
}
