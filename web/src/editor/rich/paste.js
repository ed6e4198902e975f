// What enters by paste and drop: never more than the server takes at once; and text that looks like Markdown
// can be turned into what it means afterwards, on request.
import { Extension, Plugin, PluginKey, Slice } from '../../../vendor/rich.js'
import { language, t } from '../../i18n/index.js'
import { separateUndo } from './binding.js'

/** @typedef {import('../../../vendor/rich.js').Editor} Editor */
/** A stretch of pasted text, and the text as it was. @typedef {{ from: number, to: number, text: string }} Pasted */

/** What Yjs needs for a node and for a change of marks, roughly, in bytes. */
const NODE_COST = 60

/** @type {PluginKey<Pasted | null>} */
const key = new PluginKey('paste')

/** @param {HTMLElement} parent @param {{ readonly largestUpdate: number, toast: (message: string) => void }} context */
export const richPaste = (parent, context) => Extension.create({
  name: 'richPaste',
  addProseMirrorPlugins() {
    const { editor } = this
    const refuses = (/** @type {Slice} */ slice) => {
      const size = sizeOf(slice)
      const { largestUpdate } = context
      if (size > largestUpdate) context.toast(t('rich.paste.tooLarge', { size: megabytes(size), limit: megabytes(largestUpdate) }))
      return size > largestUpdate
    }
    return [
      new Plugin({
        key,
        state: {
          init: () => /** @type {Pasted | null} */ (null),
          apply(tr, pasted) {
            const told = tr.getMeta(key)
            if (told !== undefined) return told
            if (!pasted || !tr.docChanged) return pasted
            const from = tr.mapping.map(pasted.from, 1)
            const to = tr.mapping.map(pasted.to, -1)
            return from < to ? { ...pasted, from, to } : null
          },
        },
        props: {
          handlePaste: (view, event, slice) => {
            if (refuses(slice)) return true
            const text = event.clipboardData?.getData('text/plain') ?? ''
            const isPlain = !event.clipboardData?.getData('text/html')
            if (isPlain && looksLikeMarkdown(text) && !view.state.selection.$from.parent.type.spec.code) offer(view, slice, text)
            else return false
            return true
          },
          handleDrop: (_view, _event, slice, isMoved) => !isMoved && refuses(slice),
        },
        view: view => whenPasted(view, editor, parent),
      }),
    ]
  },
})

/** Bytes that content will take in an update, rather too many than too few. @param {Slice} slice */
function sizeOf(slice) {
  const encoder = new TextEncoder()
  let size = 0
  slice.content.descendants(node => {
    size += NODE_COST + (node.text ? encoder.encode(node.text).length : 0) + NODE_COST * node.marks.length
    if (!node.isText) size += JSON.stringify(node.attrs).length
  })
  return size
}

/** @param {number} bytes */
function megabytes(bytes) {
  return new Intl.NumberFormat(language.value, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 1 }).format(bytes / (1 << 20))
}

/** Whether plain text has marks that people write on purpose. @param {string} text */
export function looksLikeMarkdown(text) {
  const signs = [/^#{1,6} \S/m, /^\s*[-*+] \S.*\n\s*[-*+] \S/m, /^\s*1[.)] \S.*\n\s*2[.)] \S/m, /^\s*[-*+] \[[ xX]\] \S/m, /^```/m, /^> \S/m, /\[[^\]\n]+\]\([^)\s]+\)/, /(\*\*|__)\S[^\n]*\S\1/, /^\|.*\|\n\|[\s:|-]+\|/m]
  return signs.some(sign => sign.test(text))
}

/** Pastes the text as it is, and remembers where. @param {Editor['view']} view @param {Slice} slice @param {string} text */
function offer(view, slice, text) {
  separateUndo(view.state)
  const { from } = view.state.selection
  const tr = view.state.tr.replaceSelection(slice).scrollIntoView().setMeta('paste', true).setMeta('uiEvent', 'paste')
  view.dispatch(tr.setMeta(key, { from, to: tr.selection.to, text }))
}

/** Fetches the chip that makes the offer with the first one. @param {Editor['view']} view @param {Editor} editor @param {HTMLElement} parent */
function whenPasted(view, editor, parent) {
  /** @type {import('./paste_offer.js').Offer | null} */
  let offer = null
  let isComing = false
  return {
    async update() {
      if (offer) return offer.update()
      if (isComing || !key.getState(view.state)) return
      isComing = true
      try {
        const { Offer } = await import('./paste_offer.js')
        offer = view.isDestroyed ? null : new Offer(view, editor, parent, key)
        offer?.update()
      } catch {
        // Without the server there is nobody to read it; the text stays as it was pasted.
      }
      isComing = false
    },
    destroy: () => offer?.destroy(),
  }
}
