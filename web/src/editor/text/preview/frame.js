// The places of source and preview: side by side with a movable divider where there is room, one at a time where
// there is not. Fetches the preview itself when it is first shown. Remembered on this device.
import { EditorView } from '../../../../vendor/text.js'
import { effect } from '../../../../vendor/view.js'
import { read, write } from '../../../device/storage.js'
import { t } from '../../../i18n/index.js'
import { makeDivider } from './divider.js'

/** Side by side from this width on, in px. */
const WIDE = 760
const STORED = 'coscribe.preview'

/** @typedef {import('./page.js').Preview} Preview */

/** @param {HTMLElement} parent */
export function openFrame(parent) {
  const frame = new Frame(parent)
  return {
    source: frame.source,
    extension: EditorView.updateListener.of(update => frame.preview?.update(update)),
    /** @param {import('../editor.js').TextEditor} editor @param {import('../../contract.js').EditorContext} context */
    start: (editor, context) => frame.start(editor, context),
    commands: () => frame.commands(),
    /** Makes the text visible, if the preview hides it, and the preview follow. */
    showSource: () => frame.showSource(),
    stop: () => frame.stop(),
    remove: () => frame.root.remove(),
  }
}

class Frame {
  /** @type {Preview | null} */
  preview = null
  /** Whether the preview takes the place of the text, where there is no room for both. */
  isReading = false
  isWide = true

  /** @param {HTMLElement} parent */
  constructor(parent) {
    const stored = /** @type {any} */ (read(STORED, null))
    this.isSplit = stored?.isSplit !== false
    const share = Number.isFinite(stored?.share) ? stored.share : 50
    this.root = make(parent, 'div', 'text-frame')
    this.source = make(this.root, 'div', 'text-source')
    this.divider = makeDivider(this.root, share, () => this.remember())
    this.region = make(this.root, 'section', 'text-preview')
    this.region.tabIndex = 0
    this.sizes = new ResizeObserver(([{ contentRect }]) => {
      const isWide = contentRect.width >= WIDE
      if (isWide !== this.isWide) {
        this.isWide = isWide
        this.arrange()
      }
    })
  }

  /** @param {import('../editor.js').TextEditor} editor @param {import('../../contract.js').EditorContext} context */
  start(editor, context) {
    this.editor = editor
    this.context = context
    this.isWide = this.root.clientWidth >= WIDE
    this.stopSpeaking = effect(() => {
      this.region.setAttribute('aria-label', t('text.preview'))
      this.divider.label(t('text.preview.divider'))
    })
    this.root.addEventListener('keydown', event => {
      if (event.code !== 'KeyP' || !event.altKey || event.shiftKey || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault()
      this.toggle()
    })
    this.arrange()
    this.sizes.observe(this.root)
  }

  get isShown() {
    return this.isWide ? this.isSplit : this.isReading
  }

  showSource() {
    if (!this.isWide && this.isReading) this.toggle()
    this.preview?.lead()
    return true
  }

  toggle() {
    const hadFocus = this.region.contains(document.activeElement)
    if (this.isWide) this.isSplit = !this.isSplit
    else this.isReading = !this.isReading
    if (this.isWide) this.remember()
    this.arrange()
    this.context?.announce(t(this.isShown ? 'text.preview.shown' : 'text.preview.hidden'))
    if (!this.isShown && hadFocus) this.editor?.focus()
    else if (this.isShown && !this.isWide) this.region.focus()
  }

  arrange() {
    this.root.dataset.show = !this.isShown ? 'source' : this.isWide ? 'both' : 'preview'
    if (this.isShown) this.open()
    else this.close()
    if (this.editor) this.editor.changed.value++
  }

  async open() {
    if (this.preview || this.isOpening || !this.editor) return
    this.isOpening = true
    const { startPreview } = await import('./page.js')
    this.isOpening = false
    if (this.isShown && this.root.isConnected) this.preview = startPreview(this.region, this.editor)
  }

  close() {
    this.preview?.stop()
    this.preview = null
  }

  stop() {
    this.sizes.disconnect()
    this.stopSpeaking?.()
    this.isSplit = this.isReading = false
    this.close()
  }

  remember() {
    write(STORED, { isSplit: this.isSplit, share: this.divider.share() })
  }

  /** @returns {import('../../contract.js').EditorCommand[]} */
  commands() {
    return [{ id: 'preview', label: t('text.preview'), icon: 'preview', keys: 'Mod-Alt-p', group: 'view', run: () => this.toggle(), isActive: () => this.isShown }]
  }
}

/** @param {HTMLElement} parent @param {string} tag @param {string} name */
function make(parent, tag, name) {
  const element = parent.ownerDocument.createElement(tag)
  element.className = name
  parent.append(element)
  return element
}
