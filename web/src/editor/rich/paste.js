// What enters by paste and drop: never more than the server takes at once; and text that looks like Markdown
// can be turned into what it means afterwards, on request.
import { Extension, Plugin, PluginKey, ProseMirrorNode, Slice } from '../../../vendor/rich.js'
import { html, render } from '../../../vendor/view.js'
import { convertText } from '../../api/convert.js'
import { language, t } from '../../i18n/index.js'
import { separateUndo } from './binding.js'
import { scrollerOf } from './carets.js'
import { Float, placeOf } from './float.js'

/** @typedef {import('../../../vendor/rich.js').Editor} Editor */
/** A stretch of pasted text, and the text as it was. @typedef {{ from: number, to: number, text: string }} Pasted */

/** What Yjs needs for a node and for a change of marks, roughly, in bytes. */
const NODE_COST = 60
/** The offer goes away by itself, in ms. */
const OFFERED_FOR = 12_000

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
        view: view => new Offer(view, editor, parent),
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

/** The chip that offers to read the text as Markdown. */
class Offer {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  /** @type {string | null} */
  #text = null

  /** @param {Editor['view']} view @param {Editor} editor @param {HTMLElement} parent */
  constructor(view, editor, parent) {
    this.view = view
    this.editor = editor
    this.scroller = scrollerOf(view.dom)
    this.float = new Float(parent, 'chip', 'below')
  }

  update() {
    const pasted = key.getState(this.view.state)
    if (!pasted) return this.close()
    if (pasted.text === this.#text) return this.float.moveSoon()
    this.#text = pasted.text
    render(html`<button type="button" class="button" onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()} onClick=${() => this.accept()}>${t('rich.paste.markdown')}</button>
      <button type="button" class="button" onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()} onClick=${() => this.dismiss()}>${t('rich.paste.keep')}</button>`, this.float.element)
    this.float.open(() => {
      const now = key.getState(this.view.state)
      return now ? placeOf(this.view, now.to, now.to, this.scroller) : null
    })
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.dismiss(), OFFERED_FOR)
  }

  /** Puts what the server read in place of the text. Without the server the text stays as it is. */
  async accept() {
    const asked = key.getState(this.view.state)
    if (!asked) return
    const read = await convertText(asked.text, 'md', 'json').catch(() => null)
    const now = key.getState(this.view.state)
    if (this.view.isDestroyed || now?.text !== asked.text) return
    const { tr, schema } = this.view.state
    try {
      const content = ProseMirrorNode.fromJSON(schema, JSON.parse(read ?? 'null'))
      content.check()
      separateUndo(this.view.state)
      const $from = tr.doc.resolve(now.from)
      const $to = tr.doc.resolve(now.to)
      const isWhole = $from.parentOffset === 0 && $to.parentOffset === $to.parent.content.size && $from.depth === 1 && $to.depth === 1
      tr.replace(isWhole ? $from.before() : now.from, isWhole ? $to.after() : now.to, isWhole ? new Slice(content.content, 0, 0) : Slice.maxOpen(content.content))
      this.view.dispatch(tr.setMeta(key, null).scrollIntoView())
    } catch {
      this.dismiss()
    }
    this.view.focus()
  }

  dismiss() {
    if (!this.view.isDestroyed && key.getState(this.view.state)) this.view.dispatch(this.view.state.tr.setMeta(key, null))
  }

  close() {
    if (this.#text === null) return
    this.#text = null
    clearTimeout(this.#timer)
    this.float.close()
  }

  destroy() {
    this.close()
    render(html``, this.float.element)
    this.float.destroy()
  }
}
