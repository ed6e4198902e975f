// The small toolbar at a selection made with a pointer. Others' edits neither close nor shift it; it takes
// no focus, as the main toolbar is the keyboard's.
import { TextSelection } from '../../../vendor/rich.js'
import { html, render } from '../../../vendor/view.js'
import { t } from '../../i18n/index.js'
import { Icon } from '../../ui/icon.js'
import { scrollerOf } from './carets.js'
import { Float, placeOf } from './float.js'

/** @typedef {import('../../../vendor/rich.js').Editor} Editor */
/** @typedef {import('../contract.js').EditorCommand} EditorCommand */

/** Commands of the bubble, by id. */
const SHOWN = ['bold', 'italic', 'underline', 'strike', 'code', 'highlight', 'link']

/** Listens for selections and shows itself at them. */
export class Bubble {
  /**
   * @param {Editor['view']} view
   * @param {Editor} editor
   * @param {HTMLElement} parent
   * @param {() => EditorCommand[]} commands
   * @param {boolean} isSelecting whether the pointer is down in the text
   */
  constructor(view, editor, parent, commands, isSelecting) {
    this.view = view
    this.editor = editor
    this.commands = commands
    this.scroller = scrollerOf(view.dom)
    this.float = new Float(parent, 'bubble', 'above')
    this.listeners = new AbortController()
    const { signal } = this.listeners
    view.dom.addEventListener('pointerdown', event => ((isSelecting = event.pointerType !== 'touch'), this.float.close()), { signal })
    addEventListener('pointerup', () => {
      if (isSelecting) setTimeout(() => this.openIfSelected())
      isSelecting = false
    }, { signal })
    view.dom.addEventListener('keydown', event => !['Shift', 'Control', 'Alt', 'Meta'].includes(event.key) && !(event.ctrlKey || event.metaKey) && this.float.close(), { signal })
    view.dom.addEventListener('blur', () => this.float.close(), { signal })
    if (!isSelecting) this.openIfSelected()
  }

  /** The browser reports a selection after the pointer went up. */
  openIfSelected() {
    if (this.view.isDestroyed || !this.isSelected() || !this.view.hasFocus()) return
    this.draw()
    const { view } = this
    this.float.open(() => placeOf(view, view.state.selection.from, view.state.selection.to, this.scroller))
  }

  isSelected() {
    const { selection } = this.view.state
    return this.editor.isEditable && selection instanceof TextSelection && !selection.empty && !selection.$from.parent.type.spec.code
  }

  update() {
    if (!this.float.isOpen) return
    if (!this.isSelected()) return this.float.close()
    this.draw()
    this.float.moveSoon()
  }

  draw() {
    const all = this.commands()
    const shown = SHOWN.flatMap(id => all.filter(command => command.id === id))
    const button = (/** @type {EditorCommand} */ { id, label, icon, isActive, run }) => html`<button type="button" key=${id} tabindex="-1"
      aria-label=${label} title=${label} aria-pressed=${String(isActive?.() ?? false)} onClick=${run}><${Icon} name=${icon ?? ''} /></button>`
    render(html`<div class="toolbar" role="toolbar" aria-label=${t('rich.bubble')} onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()}>${shown.map(button)}</div>`, this.float.element)
  }

  destroy() {
    this.listeners.abort()
    render(html``, this.float.element)
    this.float.destroy()
  }
}
