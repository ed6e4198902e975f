// Other people's carets and selections in the document, and the publication of ours, as presence field
// `cursor: { anchor, head }` with Yjs relative positions; stock Tiptap and y-prosemirror editors use the same.
// Decoration only: hidden from screen readers, never scrolls, takes colours from our style sheet.
import {
  Decoration,
  DecorationSet,
  Extension,
  Plugin,
  PluginKey,
  absolutePositionToRelativePosition,
  relativePositionToAbsolutePosition,
} from '../../../vendor/rich.js'
import { Y } from '../../../vendor/core.js'
import { bindingOf } from './binding.js'

/** @typedef {import('../../../vendor/rich.js').Editor['view']} EditorView */
/** @typedef {EditorView['state']} EditorState */
/** @typedef {EditorState['doc']} Doc */
/** @typedef {import('./caret_elements.js').CaretElements} CaretElements */
/** @typedef {import('../contract.js').Awareness} Awareness */
/** @typedef {import('../contract.js').ReadPerson} ReadPerson */
/** @typedef {{ anchor: number, head: number, person: import('../../presence/people.js').Present, place: string }} Caret */

/** Shortest time between two publications of our caret, in ms. */
const INTERVAL = 60
/** With more people than this, only carets near the visible part are drawn. */
const CROWD = 30

/** @typedef {{ carets: Map<number, Caret>, drawn: DecorationSet }} Drawing */
/** @type {PluginKey<Drawing>} */
const key = new PluginKey('carets')

/** @param {Awareness} awareness @param {ReadPerson} readPerson @param {CaretElements} elements */
export function remoteCarets(awareness, readPerson, elements) {
  return Extension.create({
    name: 'remoteCarets',
    addProseMirrorPlugins: () => [
      new Plugin({
        key,
        state: {
          init: () => ({ carets: new Map(), drawn: DecorationSet.empty }),
          apply(tr, drawing) {
            const carets = tr.getMeta(key)
            if (carets) return { carets, drawn: draw(tr.doc, carets, elements) }
            return tr.docChanged ? { carets: moved(drawing.carets, tr.mapping), drawn: drawing.drawn.map(tr.mapping, tr.doc) } : drawing
          },
        },
        props: { decorations: state => key.getState(state)?.drawn },
        view: view => new Carets(view, awareness, readPerson, elements),
      }),
    ],
  })
}

/** Where a person's caret is, in view or not; null when they show none. @param {EditorState} state @param {Awareness} awareness @param {number} client */
export function caretOf(state, awareness, client) {
  return placeOf(state, awareness.getStates().get(client)?.cursor?.head)
}

/** Where a published position is; null when it is nowhere. @param {EditorState} state @param {unknown} position */
export function placeOf(state, position) {
  return locate(bindingOf(state), position, state.doc)
}

/** Follows others' presence, and publishes ours. */
class Carets {
  /** @type {number | undefined} */
  #frame
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #publishing
  #publishedAt = -Infinity

  /** @param {EditorView} view @param {Awareness} awareness @param {ReadPerson} readPerson @param {CaretElements} elements */
  constructor(view, awareness, readPerson, elements) {
    this.view = view
    this.awareness = awareness
    this.readPerson = readPerson
    this.elements = elements
    /** @param {{ added: number[], updated: number[], removed: number[] }} change */
    this.onChange = ({ added, updated, removed }) => {
      if ([...added, ...updated, ...removed].some(client => client !== awareness.clientID)) this.refreshSoon()
      for (const client of removed) elements.forget(client)
    }
    awareness.on('change', this.onChange)
    this.scroller = scrollerOf(view.dom)
    this.onScroll = () => this.awareness.getStates().size > CROWD && this.refreshSoon()
    this.scroller.addEventListener('scroll', this.onScroll, { passive: true })
    this.refreshSoon()
  }

  /** @param {EditorView} view @param {EditorState} before */
  update(view, before) {
    if (view.state.doc !== before.doc) this.refreshSoon()
    if (view.state.doc !== before.doc || !view.state.selection.eq(before.selection)) this.publishSoon()
  }

  destroy() {
    this.awareness.off('change', this.onChange)
    this.scroller.removeEventListener('scroll', this.onScroll)
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
    clearTimeout(this.#publishing)
    this.elements.destroy()
  }

  /** Once per frame is enough, however many people move. */
  refreshSoon() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined
      this.refresh()
    })
  }

  refresh() {
    if (this.view.isDestroyed || this.view.composing) return
    const carets = this.read()
    const known = key.getState(this.view.state)?.carets ?? new Map()
    const isSame = carets.size === known.size && [...carets].every(([client, caret]) => isEqual(caret, known.get(client)))
    if (!isSame) this.view.dispatch(this.view.state.tr.setMeta(key, carets).setMeta('addToHistory', false))
  }

  /** Everybody else's caret as it is in presence now. @returns {Map<number, Caret>} */
  read() {
    const { state } = this.view
    const binding = bindingOf(state)
    const near = this.awareness.getStates().size > CROWD ? visiblePart(this.view, this.scroller) : null
    /** @type {Map<number, Caret>} */
    const carets = new Map()
    for (const [client, presence] of this.awareness.getStates()) {
      if (client === this.awareness.clientID || !presence?.cursor) continue
      const person = this.readPerson(client, presence)
      const anchor = locate(binding, presence.cursor.anchor, state.doc)
      const head = locate(binding, presence.cursor.head, state.doc)
      if (!person || anchor === null || head === null) continue
      if (near && (head < near.from || head > near.to)) continue
      carets.set(client, { anchor, head, person, place: JSON.stringify(presence.cursor.head) })
    }
    return carets
  }

  publishSoon() {
    const wait = this.#publishedAt + INTERVAL - Date.now()
    this.#publishing ??= setTimeout(() => {
      this.#publishing = undefined
      this.#publishedAt = Date.now()
      this.publish()
    }, Math.max(0, wait))
  }

  /** Our caret stays published when the window loses focus: others still want to know where we were. */
  publish() {
    const { view, awareness } = this
    const binding = bindingOf(view.state)
    const presence = awareness.getLocalState()
    if (presence === null || !binding || view.isDestroyed || !view.hasFocus()) return
    const { anchor, head } = view.state.selection
    const cursor = { anchor: relative(binding, anchor), head: relative(binding, head) }
    if (JSON.stringify(presence.cursor) !== JSON.stringify(cursor)) awareness.setLocalStateField('cursor', cursor)
  }
}

/** As plain JSON, which is what arrives at the others. @param {any} binding @param {number} position */
function relative(binding, position) {
  return JSON.parse(JSON.stringify(absolutePositionToRelativePosition(position, binding.type, binding.mapping)))
}

/** Where a published position is now; null when it is nowhere in this document. @param {any} binding @param {unknown} position @param {Doc} doc */
function locate(binding, position, doc) {
  if (typeof position !== 'object' || position === null || !binding) return null
  try {
    const at = relativePositionToAbsolutePosition(binding.doc, binding.type, Y.createRelativePositionFromJSON(position), binding.mapping)
    return at === null ? null : Math.min(at, Math.max(0, doc.content.size - 1))
  } catch {
    // Presence may hold anything; a position that is none is no caret.
    return null
  }
}

/** @param {Map<number, Caret>} carets @param {EditorState['tr']['mapping']} mapping */
function moved(carets, mapping) {
  return new Map([...carets].map(([client, caret]) => [client, { ...caret, anchor: mapping.map(caret.anchor), head: mapping.map(caret.head) }]))
}

/** @param {Doc} doc @param {Map<number, Caret>} carets @param {CaretElements} elements */
function draw(doc, carets, elements) {
  const drawn = []
  for (const [client, { anchor, head, person, place }] of carets) {
    if (anchor !== head) {
      drawn.push(Decoration.inline(Math.min(anchor, head), Math.max(anchor, head), { class: `remote-selection hue-${person.hue}` }))
    }
    const look = `${client} ${person.name} ${person.hue} ${elements.turn(client, place)}`
    drawn.push(Decoration.widget(head, () => elements.make(client, person), { key: look, side: head > anchor ? -1 : 1, ignoreSelection: true }))
  }
  return drawn.length > 0 ? DecorationSet.create(doc, drawn) : DecorationSet.empty
}

/** @param {Caret} caret @param {Caret | undefined} other */
function isEqual(caret, other) {
  return other && caret.anchor === other.anchor && caret.head === other.head && caret.place === other.place && caret.person.name === other.person.name && caret.person.hue === other.person.hue
}

/** Positions that are visible, and one screen more on both sides. @param {EditorView} view @param {Element} scroller */
function visiblePart(view, scroller) {
  const { top, bottom, height } = scroller.getBoundingClientRect()
  const { left, right } = view.dom.getBoundingClientRect()
  const middle = (left + right) / 2
  const first = view.posAtCoords({ left: middle, top: top + 1 })
  const last = view.posAtCoords({ left: middle, top: bottom - 1 })
  if (!first || !last) return { from: 0, to: Infinity }
  const size = Math.max(last.pos - first.pos, height)
  return { from: first.pos - size, to: last.pos + size }
}

/** The nearest element around that scrolls. @param {Element} element @returns {Element} */
export function scrollerOf(element) {
  for (let up = element.parentElement; up; up = up.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(up).overflowY)) return up
  }
  return document.documentElement
}
