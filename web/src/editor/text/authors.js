// Colours of authors in a text that is edited: what is in sight, drawn anew soon after an edit.
import { Decoration, Prec, StateEffect, ViewPlugin } from '../../../vendor/text.js'
import { COLOURED_AFTER, authorRuns } from '../author_runs.js'

/** @typedef {import('@codemirror/view').EditorView} EditorView */
/** @typedef {import('../contract.js').WriterOf} WriterOf */
/** @typedef {{ from: number, to: number, look: import('../contract.js').AuthorLook }} Run */

/** @type {import('@codemirror/state').StateEffectType<WriterOf | null>} */
const setWriters = StateEffect.define()
/** Views that have the plugin. @type {WeakSet<EditorView>} */
const prepared = new WeakSet()

/** @param {EditorView} view @param {import('../../../vendor/core.js').Y.Text} text @param {WriterOf | null} writerOf */
export function showAuthors(view, text, writerOf) {
  if (!prepared.has(view)) view.dispatch({ effects: StateEffect.appendConfig.of(colours(text)) })
  prepared.add(view)
  view.dispatch({ effects: setWriters.of(writerOf) })
}

/** Innermost of what is drawn, so that a colour is as high as the letters of a heading. @param {import('../../../vendor/core.js').Y.Text} text */
const colours = text => Prec.highest(ViewPlugin.fromClass(
  class {
    decorations = Decoration.none
    /** @type {WriterOf | null} */
    #writerOf = null
    /** @type {Run[]} */
    #runs = []
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #timer

    /** @param {EditorView} view */
    constructor(view) {
      this.view = view
    }

    /** @param {import('../../../vendor/text.js').ViewUpdate} update */
    update({ docChanged, viewportChanged, transactions, changes, view }) {
      for (const effect of transactions.flatMap(({ effects }) => effects)) {
        if (!effect.is(setWriters)) continue
        this.#writerOf = effect.value
        this.#read()
        this.decorations = this.#draw(view)
        return
      }
      if (docChanged) {
        this.decorations = this.decorations.map(changes)
        this.#runs = this.#runs.map(({ from, to, look }) => ({ from: changes.mapPos(from, 1), to: changes.mapPos(to, -1), look }))
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => view.dispatch({ effects: setWriters.of(this.#writerOf) }), COLOURED_AFTER)
      }
      if (viewportChanged) this.decorations = this.#draw(view)
    }

    #read() {
      this.#runs = []
      if (this.#writerOf) authorRuns(text, this.#writerOf, (from, to, look) => void this.#runs.push({ from, to, look }))
    }

    /** @param {EditorView} view */
    #draw({ visibleRanges, state }) {
      const marks = visibleRanges.flatMap(({ from, to }) =>
        this.#runs.filter(run => run.from < to && run.to > from).map(run => {
          const { hue, name } = run.look
          return { from: Math.max(run.from, from), to: Math.min(run.to, to, state.doc.length), mark: Decoration.mark({ class: `by-live hue-${hue}`, attributes: { title: name } }) }
        }),
      )
      return Decoration.set(marks.filter(({ from, to }) => from < to).map(({ from, to, mark }) => mark.range(from, to)), true)
    }

    destroy() {
      clearTimeout(this.#timer)
    }
  },
  { decorations: ({ decorations }) => decorations },
))
