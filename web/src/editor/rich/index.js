// Opens a rich document: in the editor when its schema can hold everything in there, else only to be read.
// The second may become true at any moment, by an edit from a newer or foreign app; nothing is lost then.
import { signal } from '../../../vendor/view.js'
import { TextSelection, getSchema } from '../../../vendor/rich.js'
import { ROOTS, SCHEMA, readMeta } from '../../sync/meta.js'
import { t } from '../../i18n/index.js'
import '../../i18n/rich.js'
import '../../ui/icons/writing.js'
import { caretOf, placeOf } from './carets.js'
import { takeFocus } from './commands.js'
import { asMarkdown, count, headings } from './content.js'
import { openRichEditor } from './editor.js'
import { isKnown, isKnownChange } from './gate.js'
import { schemaExtensions } from './schema.js'
import { showOnly } from './viewer.js'

/** @typedef {import('../contract.js').EditorContext} EditorContext */
/** @typedef {import('../contract.js').Problem} Problem */
/** @typedef {import('../../../vendor/core.js').Y.Transaction} Transaction */

/** @param {HTMLElement} parent @param {EditorContext} context @returns {import('../contract.js').OpenEditor} */
export function open(parent, context) {
  return new RichDocument(parent, context)
}

class RichDocument {
  changed = signal(0)
  #isEditable = true
  /** @type {ReturnType<typeof openRichEditor> | null} */
  #open = null
  /** @type {ReturnType<typeof showOnly> | null} */
  #viewer = null
  #schema = getSchema(schemaExtensions())
  #isTicking = false
  /** Whoever follows `changed` runs outside of the binding, which could take their errors for its own. */
  #tick = () => {
    if (this.#isTicking) return
    this.#isTicking = true
    queueMicrotask(() => {
      this.#isTicking = false
      this.changed.value = this.changed.peek() + 1
    })
  }
  #check = (/** @type {Transaction} */ transaction) => {
    const problem = this.#problemOf(transaction)
    if (problem) this.#onlyShow(problem)
  }

  /** @param {HTMLElement} parent @param {EditorContext} context */
  constructor(parent, context) {
    this.context = context
    this.fragment = context.doc.getXmlFragment(ROOTS.rich)
    this.around = document.createElement('div')
    this.around.className = 'rich'
    this.scroller = document.createElement('div')
    this.scroller.className = 'rich-scroll'
    this.around.append(this.scroller)
    parent.append(this.around)
    const problem = this.#problemOf(null)
    if (problem) return this.#onlyShow(problem), this
    // Before the binding's own observers: what they must not see has to be found first.
    context.doc.on('beforeObserverCalls', this.#check)
    this.#open = openRichEditor(this.scroller, this.around, context, this.fragment, this.#tick, () => this.#onlyShow('unknown-content'))
  }

  /** @param {Transaction | null} transaction all of the document when null @returns {Problem | null} */
  #problemOf(transaction) {
    if (readMeta(this.context.doc).schema > SCHEMA) return 'newer-schema'
    try {
      const isFine = transaction ? isKnownChange(transaction, this.fragment, this.#schema) : isKnown(this.fragment, this.#schema)
      return isFine ? null : 'unknown-content'
    } catch (error) {
      // Thrown on, it would keep the binding from hearing of an edit, which its next one would then undo.
      console.error('the document cannot be checked', error)
      return 'unknown-content'
    }
  }

  /** Ends the editor without a trace in the document. @param {Problem} problem */
  #onlyShow(problem) {
    this.context.doc.off('beforeObserverCalls', this.#check)
    const hadFocus = this.#open?.editor.isFocused
    const top = this.scroller.scrollTop
    this.#open?.editor.destroy()
    this.#open = null
    this.#viewer = showOnly(this.scroller, this.fragment, this.#tick)
    this.scroller.scrollTop = top
    if (hadFocus) this.#viewer.element.focus({ preventScroll: true })
    this.context.onProblem(problem)
    this.#tick()
  }

  /** @param {boolean} canEdit */
  setEditable(canEdit) {
    if (canEdit === this.#isEditable) return
    this.#isEditable = canEdit
    this.#open?.editor.setEditable(canEdit, false)
    this.#tick()
  }

  focus() {
    if (this.#open) takeFocus(this.#open.editor)
    else this.#viewer?.element.focus()
  }

  destroy() {
    this.context.doc.off('beforeObserverCalls', this.#check)
    this.#open?.editor.destroy()
    this.#viewer?.destroy()
    this.around.remove()
  }

  get commands() {
    return this.#open && this.#isEditable ? this.#open.commands() : []
  }

  outline() {
    if (!this.#open) return []
    const { editor } = this.#open
    return headings(editor.state.doc).map(({ level, text, at }) => ({ level, text, go: () => this.#goToHeading(at) }))
  }

  /** @param {number} at */
  #goToHeading(at) {
    const { editor } = this.#open ?? {}
    if (!editor || at > editor.state.doc.content.size) return
    editor.view.dispatch(editor.state.tr.setSelection(TextSelection.near(editor.state.doc.resolve(at + 1))))
    editor.view.focus()
    this.#reveal(at + 1, 0.12)
  }

  /** @param {number} client */
  goTo(client) {
    if (!this.#open) return false
    const { editor, elements } = this.#open
    const at = caretOf(editor.state, this.context.awareness, client)
    if (at === null) return false
    this.#reveal(at, 0.4)
    elements.show(client)
    return true
  }

  /** @param {any} cursor */
  enter(cursor) {
    const { editor } = this.#open ?? {}
    const at = editor ? placeOf(editor.state, cursor?.head) : null
    if (!editor || at === null) return false
    editor.view.dispatch(editor.state.tr.setSelection(TextSelection.near(editor.state.doc.resolve(at))))
    editor.view.focus()
    this.#reveal(at, 0.4)
    return true
  }

  /** Scrolls a place to a part of the window's height, unless it is well in sight. @param {number} at @param {number} part */
  #reveal(at, part) {
    const { editor } = this.#open ?? {}
    if (!editor) return
    const { top, bottom, height } = this.scroller.getBoundingClientRect()
    const place = editor.view.coordsAtPos(at)
    if (part > 0.2 && place.top > top + 40 && place.bottom < bottom - 40) return
    this.scroller.scrollBy({ top: place.top - top - height * part, behavior: 'instant' })
  }

  count() {
    if (!this.#open) return null
    const { words, characters } = count(this.#open.editor.state.doc)
    return { line: t('rich.count', { count: words }), detail: t('rich.count.detail', { count: words, characters }) }
  }

  /** @param {import('../contract.js').WriterOf | null} writerOf */
  async showAuthors(writerOf) {
    const { showAuthors } = await import('./authors.js')
    if (this.#open && !this.#open.editor.isDestroyed) showAuthors(this.#open.editor, this.fragment, writerOf)
  }

  plainText() {
    return this.#open ? asMarkdown(this.#open.editor.state.doc) : (this.#viewer?.element.innerText ?? '')
  }
}

