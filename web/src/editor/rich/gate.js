// Guards documents against this editor: the binding deletes, for everybody, what its schema cannot hold.
// So every part of a fragment is compared with the schema before the binding may see it. Knows no views.
import { Y } from '../../../vendor/core.js'

/** @typedef {import('../../../vendor/rich.js').Editor['schema']} Schema */
/** @typedef {Schema['nodes'][string]} NodeType */

/** Attributes that count cells, and the most that HTML allows. */
const SPANS = ['colspan', 'rowspan']
const SPAN_MOST = 1000

/** Whether the schema can hold all of a fragment. @param {Y.XmlFragment} fragment @param {Schema} schema */
export function isKnown(fragment, schema) {
  return isKnownElement(fragment, schema, () => true)
}

/** Whether the schema can hold what a transaction brought into a fragment. @param {Y.Transaction} transaction @param {Y.XmlFragment} fragment @param {Schema} schema */
export function isKnownChange({ changed, beforeState }, fragment, schema) {
  const isNew = (/** @type {Y.Item} */ item) => item.id.clock >= (beforeState.get(item.id.client) ?? 0)
  for (const type of changed.keys()) {
    if (/** @type {unknown} */ (type) !== fragment && !Y.isParentOf(fragment, type._item)) continue
    if (type instanceof Y.XmlText) {
      // The first letter of a text may be what its parent cannot hold.
      if (!isKnownText(type, schema) || !isKnownElement(/** @type {any} */ (type.parent), schema, () => false)) return false
    } else if (!isKnownElement(/** @type {any} */ (type), schema, isNew)) {
      return false
    }
  }
  return true
}

/**
 * @param {Y.XmlFragment | Y.XmlElement} element
 * @param {Schema} schema
 * @param {(item: Y.Item) => boolean} isNew children that must be looked into
 * @returns {boolean}
 */
function isKnownElement(element, schema, isNew) {
  const isRoot = !(element instanceof Y.XmlElement)
  const type = isRoot ? schema.topNodeType : schema.nodes[element.nodeName]
  if (!type || type.isText || (type === schema.topNodeType && !isRoot)) return false
  if (!isRoot && !hasKnownAttributes(element.getAttributes(), type.spec.attrs)) return false
  const children = []
  for (let item = element._start; item; item = item.right) {
    if (item.deleted) continue
    const child = item.content instanceof Y.ContentType ? item.content.type : null
    if (!(child instanceof Y.XmlElement || (child instanceof Y.XmlText && !isRoot))) return false
    if (isNew(item) && !(child instanceof Y.XmlText ? isKnownText(child, schema) : isKnownElement(child, schema, isNew))) return false
    if (child instanceof Y.XmlElement && !schema.nodes[child.nodeName]) return false
    children.push(child)
  }
  return fits(type, children, schema, isRoot)
}

/** @param {Y.XmlText} text @param {Schema} schema */
function isKnownText(text, schema) {
  for (let item = text._start; item; item = item.right) {
    if (item.deleted) continue
    if (item.content instanceof Y.ContentFormat) {
      const { key, value } = item.content
      const mark = schema.marks[markName(key)]
      if (!mark) return false
      if (typeof value === 'object' && value !== null && !hasKnownAttributes(value, mark.spec.attrs)) return false
    } else if (!(item.content instanceof Y.ContentString)) {
      return false
    }
  }
  return true
}

/** The binding appends a hash to names of marks that may overlap. @param {string} key */
export function markName(key) {
  return key.replace(/--[a-zA-Z0-9+/=]{8}$/, '')
}

/** An attribute that the schema lacks would be removed with the next edit of its node. @param {object} attributes @param {Record<string, unknown> | null | undefined} known */
function hasKnownAttributes(attributes, known) {
  return Object.entries(attributes).every(([name, value]) => value === null || value === undefined || (known && Object.hasOwn(known, name) && isPlain(value) && (!SPANS.includes(name) || isSpan(value))))
}

/** Tables are laid out cell by cell, so that a number without measure would stop every page. @param {unknown} value */
function isSpan(value) {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= SPAN_MOST
}

/** Rendering expects scalars and, for widths of columns, lists of them. @param {unknown} value */
function isPlain(value) {
  return ['string', 'number', 'boolean'].includes(typeof value) || (Array.isArray(value) && value.every(each => each === null || typeof each === 'number'))
}

/**
 * Whether children can stand in a node, if need be with what the binding adds in the view: concurrent edits
 * leave lists without items and items without paragraphs.
 * @param {NodeType} type @param {(Y.XmlElement | Y.XmlText)[]} children @param {Schema} schema @param {boolean} isRoot
 */
function fits(type, children, schema, isRoot) {
  const inside = children.filter(child => child instanceof Y.XmlElement || child.length > 0)
  let match = /** @type {NodeType['contentMatch'] | null} */ (type.contentMatch)
  for (const child of inside) match = match?.matchType(typeOf(child, schema)) ?? null
  if (isRoot || match?.validEnd) return match !== null
  return type.createAndFill(null, inside.map(child => (child instanceof Y.XmlText ? schema.text('x') : typeOf(child, schema).create()))) !== null
}

/** @param {Y.XmlElement | Y.XmlText} child @param {Schema} schema */
function typeOf(child, schema) {
  return child instanceof Y.XmlText ? schema.nodes.text : schema.nodes[child.nodeName]
}
