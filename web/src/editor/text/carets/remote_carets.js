// Other people's carets and selections in the text. Decoration only: hidden from screen readers, never scrolls
// by itself, takes colours from our style sheet. Knows nothing of who people are.
import { Annotation, Decoration, EditorView, ViewPlugin } from '../../../../vendor/text.js'
import { Caret } from './caret.js'
import { trackPlaces } from './places.js'
import { caretPublisher } from './publisher.js'

/** @typedef {import('../../../../vendor/core.js').awareness.Awareness} Awareness */
/** @typedef {import('../../../../vendor/core.js').Y.Text} YText */
/** @typedef {import('../../contract.js').ReadPerson} ReadPerson */

const presenceChanged = Annotation.define()
/** With more people than this, only carets near what is seen are built. */
export const MANY = 30

/** @param {YText} text @param {Awareness} awareness @param {ReadPerson} readPerson */
export function remoteCarets(text, awareness, readPerson) {
  const plugin = ViewPlugin.define(view => new RemoteCarets(view, text, awareness, readPerson), { decorations: carets => carets.decorations })
  return {
    extension: plugin,
    /** Scrolls to somebody's caret; ours stays. @param {EditorView} view @param {number} client */
    goTo(view, client) {
      const place = view.plugin(plugin)?.tracked.places.get(client)
      if (!place || place.head === null) return false
      view.dispatch({ effects: EditorView.scrollIntoView(place.head, { y: 'center' }) })
      return true
    },
  }
}

class RemoteCarets {
  decorations = Decoration.none
  /** Clients whose state has not been read yet. @type {Set<number>} */
  unread = new Set()

  /** @param {EditorView} view @param {YText} text @param {Awareness} awareness @param {ReadPerson} readPerson */
  constructor(view, text, awareness, readPerson) {
    this.window = view.dom.ownerDocument.defaultView ?? window
    this.readPerson = readPerson
    this.awareness = awareness
    this.tracked = trackPlaces(text)
    this.turning = { key: this, read: turnedFlags, write: (/** @type {Map<Element, boolean>} */ flags) => flags.forEach((isTurned, caret) => caret.classList.toggle('is-turned', isTurned)) }
    this.publisher = caretPublisher(text, awareness)
    /** @param {{ added: number[], updated: number[], removed: number[] }} change */
    this.onChange = ({ added, updated, removed }) => {
      const isFirst = this.unread.size === 0
      for (const client of [...added, ...updated, ...removed]) if (client !== awareness.clientID) this.unread.add(client)
      // Many messages in a frame are one drawing; and none happens inside an update of the view.
      if (isFirst && this.unread.size > 0) this.frame = this.window.requestAnimationFrame(() => view.dispatch({ annotations: presenceChanged.of(true) }))
    }
    awareness.on('change', this.onChange)
    for (const client of awareness.getStates().keys()) if (client !== awareness.clientID) this.unread.add(client)
    this.read(view.state.doc.length)
    this.decorations = this.draw(view)
  }

  /** @param {import('../../../../vendor/text.js').ViewUpdate} update */
  update(update) {
    if (update.selectionSet || update.docChanged || update.focusChanged) this.publisher.moved(update.view)
    if (update.docChanged) this.tracked.map(update.changes)
    const isNews = update.transactions.some(transaction => transaction.annotation(presenceChanged))
    if (isNews) this.read(update.state.doc.length)
    if (this.tracked.places.size > 0) update.view.requestMeasure(this.turning)
    if (isNews || update.docChanged || (update.viewportChanged && this.tracked.places.size > MANY)) this.decorations = this.draw(update.view)
  }

  destroy() {
    this.publisher.stop()
    if (this.frame !== undefined) this.window.cancelAnimationFrame(this.frame)
    this.awareness.off('change', this.onChange)
  }

  /** @param {number} length of the text */
  read(length) {
    const states = this.awareness.getStates()
    const now = Date.now()
    for (const client of this.unread) this.tracked.publish(client, states.get(client)?.cursor, length, now)
    this.unread.clear()
  }

  /** @param {EditorView} view */
  draw(view) {
    const { places } = this.tracked
    const states = this.awareness.getStates()
    // The viewport reaches about a screen beyond what is seen.
    const { from, to } = places.size > MANY ? view.viewport : { from: 0, to: view.state.doc.length }
    const ranges = []
    for (const [client, { anchor, head, published, moved }] of places) {
      if (anchor === null || head === null || Math.max(anchor, head) < from || Math.min(anchor, head) > to) continue
      const person = this.readPerson(client, states.get(client))
      if (!person) continue
      if (anchor !== head) {
        const selection = Decoration.mark({ class: `remote-selection hue-${person.hue}` })
        ranges.push(selection.range(Math.min(anchor, head), Math.max(anchor, head)))
      }
      if (head >= from && head <= to) ranges.push(Decoration.widget({ widget: new Caret(person, published, moved), side: head > anchor ? -1 : 1 }).range(head))
    }
    return Decoration.set(ranges, true)
  }
}

/** Whether names would be cut off at the end of the text, and stand on their caret's other side instead. @param {EditorView} view */
function turnedFlags(view) {
  const { right } = view.scrollDOM.getBoundingClientRect()
  return new Map([...view.contentDOM.querySelectorAll('.remote-caret')].map(caret => {
    const width = caret.querySelector('.remote-flag')?.clientWidth ?? 0
    return [caret, caret.getBoundingClientRect().left + width > right]
  }))
}
