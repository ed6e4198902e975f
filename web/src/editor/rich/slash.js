// The menu of blocks that opens with `/`: filtered by what is typed behind it, worked with arrow keys and
// Enter, announced through aria-activedescendant. Others' edits neither close it nor change the choice.
import { Extension, Plugin, PluginKey } from '../../../vendor/rich.js'
import { html, render } from '../../../vendor/view.js'
import { t } from '../../i18n/index.js'
import { Icon } from '../../ui/icon.js'
import { blocks } from './blocks.js'
import { scrollerOf } from './carets.js'
import { Float, placeOf } from './float.js'

/** @typedef {import('../../../vendor/rich.js').Editor} Editor */
/** @typedef {Editor['state']} EditorState */
/** @typedef {{ id: string, label: string, icon: string, words?: string, run: (editor: Editor) => void }} Choice */
/** Where the `/` stands, and which choice is marked. @typedef {{ at: number, index: number }} Open */

const LIST = 'slash-menu'
/** Longest text behind `/` that is still taken for a search. */
const LONGEST = 24

/** @type {PluginKey<Open | null>} */
const key = new PluginKey('slash')

/** @param {HTMLElement} parent @param {{ image: () => void }} ask */
export const slashMenu = (parent, ask) => Extension.create({
  name: 'slashMenu',
  priority: 1200,
  addProseMirrorPlugins() {
    const { editor } = this
    return [
      new Plugin({
        key,
        state: { init: () => null, apply },
        props: {
          handleTextInput: (view, from, to, text) => opens(editor, view, from, to, text),
          handleKeyDown: (view, event) => onKey(editor, ask, view, event),
          handleDOMEvents: { blur: view => (close(view), false) },
          attributes: state => describe(state, ask),
        },
        view: view => new Menu(view, editor, parent, ask),
      }),
    ]
  },
})

/** @param {EditorState['tr']} tr @param {Open | null} open @param {EditorState} _before @param {EditorState} after */
function apply(tr, open, _before, after) {
  const told = tr.getMeta(key)
  if (told !== undefined) return told
  if (!open) return null
  const moved = tr.docChanged ? tr.mapping.mapResult(open.at, 1) : { pos: open.at, deleted: false }
  const next = { at: moved.pos, index: open.index }
  return moved.deleted || queryOf(after, next) === null ? null : next
}

/** What is typed behind `/`; null when the caret is elsewhere. @param {EditorState} state @param {Open} open */
function queryOf({ doc, selection }, { at }) {
  const { empty, head, $head } = selection
  if (!empty || head <= at || at < $head.start() || doc.textBetween(at, at + 1) !== '/') return null
  const query = doc.textBetween(at + 1, head, '\n', '\n')
  return query.length > LONGEST || query.includes('\n') || query.startsWith(' ') ? null : query
}

/** @param {string} query @param {{ image: () => void }} ask @returns {Choice[]} */
function choicesFor(query, ask) {
  /** @type {Choice[]} */
  const all = blocks().map(({ id, label, icon, words, make }) => ({ id, label, icon, words, run: editor => void make(editor.chain()).run() }))
  all.push({ id: 'image', label: t('rich.image'), icon: 'image', words: 'img picture', run: () => ask.image() })
  const wanted = query.toLowerCase().trim()
  const begins = (/** @type {string} */ text) => text.toLowerCase().split(/\s+/).some(word => word.startsWith(wanted)) || text.toLowerCase().startsWith(wanted)
  return all.filter(({ label, words = '' }) => begins(label) || begins(words))
}

/** A `/` at the start of a block or behind a space opens the menu. @param {Editor} editor @param {Editor['view']} view @param {number} from @param {number} to @param {string} text */
function opens(editor, view, from, to, text) {
  if (text !== '/' || from !== to || !editor.isEditable) return false
  const $from = view.state.doc.resolve(from)
  const before = $from.parent.textBetween(0, $from.parentOffset, undefined, '\ufffc')
  if ($from.parent.type.spec.code || !/(?:^|\s)$/.test(before)) return false
  view.dispatch(view.state.tr.insertText('/', from).setMeta(key, { at: from, index: 0 }))
  return true
}

/** @param {Editor['view']} view */
function close(view) {
  if (key.getState(view.state)) view.dispatch(view.state.tr.setMeta(key, null))
}

/** @param {Editor} editor @param {{ image: () => void }} ask @param {Editor['view']} view @param {KeyboardEvent} event */
function onKey(editor, ask, view, event) {
  const open = key.getState(view.state)
  const choices = open ? choicesFor(queryOf(view.state, open) ?? '', ask) : []
  if (!open || choices.length === 0 || event.isComposing) return false
  const index = Math.min(open.index, choices.length - 1)
  const mark = (/** @type {number} */ next) => view.dispatch(view.state.tr.setMeta(key, { ...open, index: (next + choices.length) % choices.length }))
  switch (event.key) {
    case 'ArrowDown':
      mark(index + 1)
      return true
    case 'ArrowUp':
      mark(index - 1)
      return true
    case 'Enter':
    case 'Tab':
      choose(editor, choices[index])
      return true
    case 'Escape':
      close(view)
      return true
    default:
      return false
  }
}

/** Takes the `/` and the search away and makes the block. @param {Editor} editor @param {Choice} choice */
function choose(editor, choice) {
  const open = key.getState(editor.state)
  if (!open) return
  editor.view.dispatch(editor.state.tr.delete(open.at, editor.state.selection.head).setMeta(key, null))
  choice.run(editor)
}

/** What screen readers are told at the text itself. @param {EditorState} state @param {{ image: () => void }} ask @returns {Record<string, string>} */
function describe(state, ask) {
  const open = key.getState(state)
  if (!open) return {}
  const choices = choicesFor(queryOf(state, open) ?? '', ask)
  const chosen = choices[Math.min(open.index, choices.length - 1)]
  return chosen ? { 'aria-haspopup': 'listbox', 'aria-controls': LIST, 'aria-activedescendant': `${LIST}-${chosen.id}` } : {}
}

class Menu {
  /** @param {Editor['view']} view @param {Editor} editor @param {HTMLElement} parent @param {{ image: () => void }} ask */
  constructor(view, editor, parent, ask) {
    this.editor = editor
    this.ask = ask
    this.scroller = scrollerOf(view.dom)
    this.float = new Float(parent, 'slash', 'below')
  }

  /** @param {Editor['view']} view */
  update(view) {
    const open = key.getState(view.state)
    const choices = open ? choicesFor(queryOf(view.state, open) ?? '', this.ask) : []
    if (!open || choices.length === 0) return this.float.close()
    this.draw(choices, Math.min(open.index, choices.length - 1))
    if (this.float.isOpen) return this.float.moveSoon()
    this.float.open(() => {
      const now = key.getState(view.state)
      return now ? placeOf(view, now.at, now.at, this.scroller) : null
    })
  }

  /** @param {Choice[]} choices @param {number} index */
  draw(choices, index) {
    const option = (/** @type {Choice} */ choice, /** @type {number} */ each) => html`<li role="option" key=${choice.id} id=${`${LIST}-${choice.id}`} aria-selected=${String(each === index)}
      onMouseDown=${(/** @type {Event} */ event) => (event.preventDefault(), choose(this.editor, choice))}><${Icon} name=${choice.icon} />${choice.label}</li>`
    // The keyboard stays in the text, where Tab chooses; that it could go there is for tools which scroll by focus.
    render(html`<ul id=${LIST} role="listbox" tabindex="0" aria-label=${t('rich.slash')}>${choices.map(option)}</ul>`, this.float.element)
    this.float.element.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }

  destroy() {
    render(html``, this.float.element)
    this.float.destroy()
  }
}
