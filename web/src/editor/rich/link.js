// The mark `link` with the attributes Tiptap gives it, without Tiptap's link finder: addresses become links
// when they are typed with a space behind them or pasted. Only harmless schemes ever reach the page.
import { Extension, Mark, Plugin, mergeAttributes } from '../../../vendor/rich.js'

/** What a link of ours says beyond its address; the same as Tiptap's default. */
const USUAL = { target: '_blank', rel: 'noopener noreferrer nofollow', class: null, title: null }
/** What counts as an address while typing: with a scheme, or starting with `www.`. */
const ADDRESS = /^(?:https?:\/\/|www\.)[^\s<>"]+$/i

/**
 * The address a link may have; null for schemes that could run code. What looks like a host gets `https:`.
 * @param {unknown} written
 * @returns {string | null}
 */
export function safeAddress(written) {
  if (typeof written !== 'string') return null
  const address = written.replace(/[\u0000-\u0020\u00a0\u1680\u180e\u2000-\u2029\u205f\u3000]/g, '')
  if (address === '') return null
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1].toLowerCase()
  // A host with a port looks like a scheme, but no scheme that runs code has a dot.
  if (scheme && !/^(?:[^:/?#]*\.[^:/?#]*|localhost):\d+(?:[/?#]|$)/i.test(address)) {
    return /^(?:https?|ftps?|mailto|tel|sms|xmpp|callto|cid)$/.test(scheme) ? address : null
  }
  if (/^[#/?]/.test(address)) return address
  return /^[^/@]+@[^/@]+\.[^/@]+$/.test(address) ? `mailto:${address}` : `https://${address}`
}

/** Attributes of the mark for an address. @param {string} href */
export const linkTo = href => ({ ...USUAL, href })

export const Link = Mark.create({
  name: 'link',
  priority: 1000,
  keepOnSplit: false,
  exitable: true,
  inclusive: false,

  addAttributes() {
    /** @type {Record<string, { default: string | null }>} */
    const attributes = { href: { default: null } }
    for (const [name, value] of Object.entries(USUAL)) attributes[name] = { default: value }
    return attributes
  },

  parseHTML() {
    return [{ tag: 'a[href]', getAttrs: element => (safeAddress(element.getAttribute('href')) === null ? false : null) }]
  },

  renderHTML({ HTMLAttributes }) {
    const { href, ...rest } = HTMLAttributes
    return ['a', mergeAttributes(rest, { href: safeAddress(href) === null ? null : href, target: '_blank', rel: USUAL.rel }), 0]
  },
})

/** Turns addresses into links as they are typed or pasted. */
export const AutoLink = Extension.create({
  name: 'autoLink',
  addProseMirrorPlugins() {
    const { editor } = this
    return [
      new Plugin({
        props: {
          handleTextInput(view, from, to, text) {
            if (!/^\s$/.test(text) || from !== to) return false
            const found = addressBefore(view.state, from)
            if (found) view.dispatch(view.state.tr.addMark(found.from, from, editor.schema.marks.link.create(linkTo(found.href))))
            return false
          },
          handlePaste(view, event) {
            const pasted = event.clipboardData?.getData('text/plain').trim() ?? ''
            const href = ADDRESS.test(pasted) ? safeAddress(pasted) : null
            const { empty, from, $from } = view.state.selection
            if (href === null || !$from.parent.type.allowsMarkType(editor.schema.marks.link)) return false
            const { tr } = view.state
            if (empty) tr.insertText(pasted, from)
            const end = empty ? from + pasted.length : view.state.selection.to
            tr.addMark(from, end, editor.schema.marks.link.create(linkTo(href)))
            if (empty) tr.removeStoredMark(editor.schema.marks.link)
            view.dispatch(tr.scrollIntoView())
            return true
          },
        },
      }),
    ]
  },
})

/**
 * The address that ends at a position, unless it is linked already.
 * @param {import('../../../vendor/rich.js').Editor['state']} state @param {number} end
 */
function addressBefore({ doc, schema }, end) {
  const $end = doc.resolve(end)
  if (!$end.parent.type.allowsMarkType(schema.marks.link)) return null
  const word = /\S+$/.exec($end.parent.textBetween(0, $end.parentOffset, undefined, '\ufffc'))?.[0] ?? ''
  const address = word.replace(/^[(["'‘“„]+/, '')
  const href = ADDRESS.test(address) ? safeAddress(address) : null
  const from = end - address.length
  return href === null || doc.rangeHasMark(from, end, schema.marks.link) ? null : { from, href }
}
