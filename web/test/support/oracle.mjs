// What a page shows of a document's past and what stock Yjs shows, in one form, so that the two can be compared. Knows the
// shapes only, not where they come from: whoever has a Yjs of its own may ask as well.

/** @typedef {import('../../src/history/rich.js').RichNode} RichNode */
/** @typedef {(item: any, offset: number) => string} AuthorOf */

/** Runs of the same author as the author of each character. @param {import('../../src/history/text.js').Runs} runs @param {(author: number) => string} nameOf */
export function spread({ ends, authors }, nameOf) {
  return [...ends].flatMap((end, index) => Array(end - (index > 0 ? ends[index - 1] : 0)).fill(nameOf(authors[index])))
}

/** @param {any} text @param {AuthorOf} authorOf */
export function charsOf(text, authorOf) {
  /** @type {string[]} */
  const authors = []
  for (let item = text._start; item; item = item.right) {
    if (item.deleted || typeof item.content.str !== 'string') continue
    for (let offset = 0; offset < item.length; offset += 1) authors.push(authorOf(item, offset))
  }
  return authors
}

/** The tree without authors: neighbours with the same marks are one. @param {RichNode[]} nodes @returns {any[]} */
export function treeOf(nodes) {
  return joined(nodes.map(node => (node.type === 'text' ? { text: node.text, marks: node.marks } : { name: node.name, attributes: node.attributes, content: treeOf(node.content) })))
}

/** @param {any} parent @returns {any[]} */
export function stockTree(parent) {
  return joined(parent.toArray().flatMap((/** @type {any} */ child) => {
    if (isText(child)) return child.toDelta().map((/** @type {any} */ { insert, attributes = {} }) => ({ text: insert, marks: attributes }))
    if (child.nodeName) return [{ name: child.nodeName, attributes: child.getAttributes(), content: stockTree(child) }]
    return []
  }))
}

/** Neighbouring texts of the same marks as one. @param {any[]} nodes @returns {any[]} */
export function joined(nodes) {
  /** @type {any[]} */
  const out = []
  for (const node of nodes) {
    const before = out.at(-1)
    if (before?.text !== undefined && node.text !== undefined && JSON.stringify(sorted(before.marks)) === JSON.stringify(sorted(node.marks))) before.text += node.text
    else out.push({ ...node })
  }
  return out
}

/** @param {Record<string, any>} marks */
export const sorted = marks => Object.entries(marks).sort(([a], [b]) => (a < b ? -1 : 1))

/** @param {RichNode[]} nodes @param {(author: number) => string} nameOf @returns {string[]} */
export function authorsIn(nodes, nameOf) {
  return nodes.flatMap(node => (node.type === 'text' ? Array(node.text.length).fill(nameOf(node.author)) : [nameOf(node.author), ...authorsIn(node.content, nameOf)]))
}

/** @param {any} parent @param {AuthorOf} authorOf @returns {string[]} */
export function stockAuthors(parent, authorOf) {
  return parent.toArray().flatMap((/** @type {any} */ child) => {
    if (isText(child)) return charsOf(child, authorOf)
    if (child.nodeName) return [authorOf(child._item, 0), ...stockAuthors(child, authorOf)]
    return []
  })
}

/** @param {RichNode[]} nodes @returns {string} */
export function textIn(nodes) {
  return nodes.map(node => (node.type === 'text' ? node.text : textIn(node.content))).join('')
}

/** @param {any} type */
const isText = type => typeof type.toDelta === 'function' && !type.nodeName
