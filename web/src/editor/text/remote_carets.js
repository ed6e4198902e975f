// Other people's carets and selections in the text, and the publication of ours, as presence field
// `cursor: { anchor, head }` with Yjs relative positions; stock y-codemirror editors use the same.
// Decoration only: hidden from screen readers, never scrolls, takes colours from our style sheet.
import { Annotation, Decoration, EditorView, ViewPlugin, WidgetType } from '../../../vendor/text.js'
import { Y } from '../../../vendor/core.js'

/** @typedef {import('../../../vendor/core.js').awareness.Awareness} Awareness */
/** @typedef {import('../../presence/people.js').Present} Present */

const presenceChanged = Annotation.define()

/** Whose state this is; null for states without a person. @typedef {(client: number, state: unknown) => Present | null} ReadPerson */

/** An editor extension. @param {Y.Text} text @param {Awareness} awareness @param {ReadPerson} readPerson */
export function remoteCarets(text, awareness, readPerson) {
  return ViewPlugin.define(view => new RemoteCarets(view, text, awareness, readPerson), { decorations: plugin => plugin.decorations })
}

class RemoteCarets {
  decorations = Decoration.none

  /** @param {EditorView} view @param {Y.Text} text @param {Awareness} awareness @param {ReadPerson} readPerson */
  constructor(view, text, awareness, readPerson) {
    this.text = text
    this.readPerson = readPerson
    this.awareness = awareness
    /** @param {{ added: number[], updated: number[], removed: number[] }} change */
    this.onChange = ({ added, updated, removed }) => {
      if ([...added, ...updated, ...removed].some(client => client !== awareness.clientID)) {
        view.dispatch({ annotations: presenceChanged.of(true) })
      }
    }
    awareness.on('change', this.onChange)
    this.decorations = this.draw(view.state.doc.length)
  }

  /** @param {import('../../../vendor/text.js').ViewUpdate} update */
  update(update) {
    if (update.selectionSet || update.docChanged || update.focusChanged) this.publish(update.view)
    const isDue = update.docChanged || update.transactions.some(transaction => transaction.annotation(presenceChanged))
    if (isDue) this.decorations = this.draw(update.state.doc.length)
  }

  destroy() {
    this.awareness.off('change', this.onChange)
  }

  /** Our caret stays published when the window loses focus: others still want to know where we were. @param {EditorView} view */
  publish(view) {
    const state = this.awareness.getLocalState()
    if (state === null || !view.hasFocus) return
    const { anchor, head } = view.state.selection.main
    const cursor = {
      anchor: Y.createRelativePositionFromTypeIndex(this.text, anchor),
      head: Y.createRelativePositionFromTypeIndex(this.text, head),
    }
    const known = state.cursor
    const isSame =
      known && Y.compareRelativePositions(known.anchor, cursor.anchor) && Y.compareRelativePositions(known.head, cursor.head)
    if (!isSame) this.awareness.setLocalStateField('cursor', cursor)
  }

  /** @param {number} length of the text */
  draw(length) {
    const ranges = []
    for (const [client, state] of this.awareness.getStates()) {
      if (client === this.awareness.clientID) continue
      const person = this.readPerson(client, state)
      const anchor = this.locate(state.cursor?.anchor, length)
      const head = this.locate(state.cursor?.head, length)
      if (!person || anchor === null || head === null) continue
      if (anchor !== head) {
        const selection = Decoration.mark({ class: `remote-selection hue-${person.hue}` })
        ranges.push(selection.range(Math.min(anchor, head), Math.max(anchor, head)))
      }
      const widget = new Caret(person, JSON.stringify(state.cursor.head))
      ranges.push(Decoration.widget({ widget, side: head > anchor ? -1 : 1 }).range(head))
    }
    return Decoration.set(ranges, true)
  }

  /** Where a published position is now; null when it is nowhere in this text. @param {unknown} position @param {number} length */
  locate(position, length) {
    if (typeof position !== 'object' || position === null || !this.text.doc) return null
    try {
      const relative = Y.createRelativePositionFromJSON(position)
      const absolute = Y.createAbsolutePositionFromRelativePosition(relative, this.text.doc)
      return absolute?.type === this.text ? Math.min(absolute.index, length) : null
    } catch {
      // Presence may hold anything; a position that is none is no caret.
      return null
    }
  }
}

/** A caret with its owner's name. A new place makes a new element, which shows the name for a moment (CSS). */
class Caret extends WidgetType {
  /** @param {Present} person @param {string} place */
  constructor(person, place) {
    super()
    this.person = person
    this.place = place
  }

  /** @param {Caret} other */
  eq(other) {
    return other.place === this.place && other.person.name === this.person.name && other.person.hue === this.person.hue
  }

  toDOM() {
    const caret = document.createElement('span')
    caret.className = `remote-caret hue-${this.person.hue}`
    caret.ariaHidden = 'true'
    const flag = document.createElement('span')
    flag.className = 'remote-flag'
    flag.textContent = this.person.name
    // Word joiners keep the line from breaking at the caret.
    caret.append('\u2060', flag, '\u2060')
    return caret
  }

  ignoreEvent() {
    return true
  }
}
