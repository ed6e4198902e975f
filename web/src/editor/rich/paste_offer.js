// The chip that offers to read pasted text as Markdown, and what it does. Fetched with the first such text.
import { ProseMirrorNode, Slice } from '../../../vendor/rich.js'
import { html, render } from '../../../vendor/view.js'
import { convertText } from '../../api/convert.js'
import { t } from '../../i18n/index.js'
import { separateUndo } from './binding.js'
import { scrollerOf } from './carets.js'
import { Float, placeOf } from './float.js'

/** @typedef {import('../../../vendor/rich.js').Editor} Editor */
/** @typedef {import('../../../vendor/rich.js').PluginKey<import('./paste.js').Pasted | null>} Key where the plugin keeps what was pasted */

/** The offer goes away by itself, in ms. */
const OFFERED_FOR = 12_000

/** The chip. */
export class Offer {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  /** @type {string | null} */
  #text = null

  /** @param {Editor['view']} view @param {Editor} editor @param {HTMLElement} parent @param {Key} key */
  constructor(view, editor, parent, key) {
    this.view = view
    this.key = key
    this.editor = editor
    this.scroller = scrollerOf(view.dom)
    this.float = new Float(parent, 'chip', 'below')
  }

  update() {
    const pasted = this.key.getState(this.view.state)
    if (!pasted) return this.close()
    if (pasted.text === this.#text) return this.float.moveSoon()
    this.#text = pasted.text
    render(html`<button type="button" class="button" onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()} onClick=${() => this.accept()}>${t('rich.paste.markdown')}</button>
      <button type="button" class="button" onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()} onClick=${() => this.dismiss()}>${t('rich.paste.keep')}</button>`, this.float.element)
    this.float.open(() => {
      const now = this.key.getState(this.view.state)
      return now ? placeOf(this.view, now.to, now.to, this.scroller) : null
    })
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.dismiss(), OFFERED_FOR)
  }

  /** Puts what the server read in place of the text. Without the server the text stays as it is. */
  async accept() {
    const asked = this.key.getState(this.view.state)
    if (!asked) return
    const read = await convertText(asked.text, 'md', 'json').catch(() => null)
    const now = this.key.getState(this.view.state)
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
      this.view.dispatch(tr.setMeta(this.key, null).scrollIntoView())
    } catch {
      this.dismiss()
    }
    this.view.focus()
  }

  dismiss() {
    if (!this.view.isDestroyed && this.key.getState(this.view.state)) this.view.dispatch(this.view.state.tr.setMeta(this.key, null))
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
