// Shows a document that the editor must not touch: what it knows as what it is, everything else as its text.
// Reads only; draws again when the document changes.
import { Y } from '../../../vendor/core.js'
import { t } from '../../i18n/index.js'
import { markName } from './gate.js'
import { safeAddress } from './link.js'

/** Elements by node name; text of others stands in a plain block. @type {Record<string, string>} */
const BLOCKS = { paragraph: 'p', blockquote: 'blockquote', codeBlock: 'pre', bulletList: 'ul', taskList: 'ul', orderedList: 'ol', listItem: 'li', taskItem: 'li', table: 'table', tableRow: 'tr', tableHeader: 'th', tableCell: 'td', horizontalRule: 'hr', hardBreak: 'br' }
/** @type {Record<string, string>} */
const MARKS = { bold: 'strong', italic: 'em', underline: 'u', strike: 's', code: 'code', highlight: 'mark' }
/** Deeper than any real document; beyond it only the text is shown. */
const DEEPEST = 40

/** @param {HTMLElement} parent @param {Y.XmlFragment} fragment @param {() => void} onChange */
export function showOnly(parent, fragment, onChange) {
  const paper = document.createElement('div')
  paper.className = 'paper ProseMirror'
  paper.tabIndex = 0
  paper.setAttribute('role', 'document')
  paper.setAttribute('aria-label', t('rich.text'))
  paper.setAttribute('aria-describedby', 'editor-help')
  parent.append(paper)
  /** @type {number | undefined} */
  let frame
  const draw = () => {
    frame = undefined
    paper.replaceChildren(...childrenOf(fragment, 0))
    onChange()
  }
  const drawSoon = () => void (frame ??= requestAnimationFrame(draw))
  fragment.observeDeep(drawSoon)
  draw()
  return {
    element: paper,
    destroy() {
      fragment.unobserveDeep(drawSoon)
      if (frame !== undefined) cancelAnimationFrame(frame)
      paper.remove()
    },
  }
}

/** @param {Y.XmlFragment} parent @param {number} depth @returns {Node[]} */
function childrenOf(parent, depth) {
  return parent.toArray().flatMap(child => {
    if (child instanceof Y.XmlText) return textOf(child)
    return child instanceof Y.XmlElement ? [elementOf(child, depth + 1)] : []
  })
}

/** @param {Y.XmlElement} node @param {number} depth @returns {Node} */
function elementOf(node, depth) {
  const { src, alt, level, checked } = /** @type {Record<string, unknown>} */ (node.getAttributes())
  if (node.nodeName === 'image') {
    const image = document.createElement('img')
    const address = safeAddress(src)
    if (address !== null) image.src = address
    image.alt = typeof alt === 'string' ? alt : ''
    return image
  }
  const isHeading = node.nodeName === 'heading' && [1, 2, 3, 4, 5, 6].includes(Number(level))
  const element = document.createElement(isHeading ? `h${level}` : (BLOCKS[node.nodeName] ?? 'div'))
  if (element.localName === 'hr' || element.localName === 'br') return element
  if (node.nodeName === 'taskItem') element.append(checked === true ? '☑ ' : '☐ ')
  element.append(...(depth < DEEPEST ? childrenOf(node, depth) : [document.createTextNode(node.toString().replace(/<[^>]*>/g, ''))]))
  return element
}

/** @param {Y.XmlText} text @returns {Node[]} */
function textOf(text) {
  return text.toDelta().map((/** @type {{ insert: unknown, attributes?: Record<string, any> }} */ { insert, attributes = {} }) => {
    /** @type {Node} */
    let shown = document.createTextNode(typeof insert === 'string' ? insert : '')
    for (const [key, value] of Object.entries(attributes)) {
      const name = markName(key)
      const wrapped = document.createElement(name === 'link' ? 'a' : (MARKS[name] ?? 'span'))
      const address = name === 'link' ? safeAddress(value?.href) : null
      if (address !== null) Object.assign(wrapped, { href: address, target: '_blank', rel: 'noopener noreferrer nofollow' })
      wrapped.append(shown)
      shown = wrapped
    }
    return shown
  })
}
