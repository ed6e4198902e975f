// Shows a text's past: the moment as a text that is only read, authors and changes as decorations of what is in sight. Code can
// be shown as two texts side by side. Knows no timeline.
import { Compartment, Decoration, EditorState, EditorView, Prec, StateEffect, StateField, ViewPlugin, highlightSpecialChars, lineNumbers, markdownLanguage } from '../../../vendor/text.js'
import { firstAbove } from '../../history/columns.js'
import { STATES } from '../../history/moment.js'
import { t } from '../../i18n/index.js'
import '../../i18n/text.js'
import { READ_ONLY } from './bound.js'
import { fetchGrammar } from './code/languages.js'
import { codeLook } from './code/look.js'
import { markdownLook } from './markdown/look.js'

/** @typedef {import('../../history/moment.js').Shown} Shown */
/** @typedef {import('../../history/text.js').TextPast} TextPast */
/** @typedef {import('../../history/text.js').Runs} Runs */

/** How much of a change its list shows, in characters. */
const SNIPPET = 120
const TAGS = { kept: 'span', inserted: 'ins', deleted: 'del', changed: 'span' }
const NOTHING = { at: -1, base: null }

/** @type {import('@codemirror/state').StateEffectType<Runs>} */
const setRuns = StateEffect.define()
/** @type {import('@codemirror/state').StateEffectType<{ from: number, to: number } | null>} */
const setLooked = StateEffect.define()

/** @param {HTMLElement} parent @param {import('../contract.js').PastContext} context @param {() => TextPast} read @returns {import('../contract.js').PastView} */
export function openPast(parent, context, read) {
  return new TextView(parent, context, read)
}

class TextView {
  #frame
  #read
  #past
  #view
  #context
  /** @type {Shown} */
  #shown = NOTHING
  /** @type {Runs} */
  #runs = { ends: new Uint32Array(0), authors: new Uint32Array(0), states: new Uint8Array(0) }
  /** @type {number | null} */
  #place = null
  #grammar = new Compartment()
  /** @type {import('./past_side.js').Side | null} */
  #side = null

  /** @param {HTMLElement} parent @param {import('../contract.js').PastContext} context @param {() => TextPast} read */
  constructor(parent, context, read) {
    this.#context = context
    this.#read = read
    this.#past = read()
    this.#frame = document.createElement('div')
    this.#frame.className = `text-frame is-past ${this.#isCode ? 'is-code' : ''}`
    const source = this.#frame.appendChild(document.createElement('div'))
    source.className = 'text-source'
    parent.append(this.#frame)
    this.#view = new EditorView({ parent: source, state: EditorState.create({ extensions: [this.#looks(), authorLooks(context.lookOf)] }) })
    if (this.#isCode) void fetchGrammar(context.index.lang).then(grammar => this.#view.dispatch({ effects: this.#grammar.reconfigure(grammar) }))
  }

  get #isCode() {
    return this.#context.index.kind === 'code'
  }

  #looks() {
    return [
      READ_ONLY,
      EditorState.lineSeparator.of('\n'),
      EditorView.perLineTextDirection.of(true),
      EditorView.contentAttributes.of({ 'aria-label': t('common.text'), tabindex: '0', translate: 'no' }),
      highlightSpecialChars(),
      this.#isCode ? [lineNumbers(), codeLook, this.#grammar.of([])] : [EditorView.lineWrapping, markdownLanguage, markdownLook],
    ]
  }

  update() {
    this.#past = this.#read()
  }

  /** @param {Shown} shown */
  show(shown) {
    const changes = this.#past.changes(this.#shown, shown)
    this.#shown = shown
    this.#runs = this.#past.runs(shown)
    const last = changes.at(-1)
    const grown = changes.reduce((sum, { from, to, insert }) => sum + insert.length - (to - from), 0)
    this.#place = last ? last.to + grown : null
    this.#view.dispatch({ changes, effects: [setRuns.of(this.#runs), setLooked.of(null)] })
    this.#side?.show(this.#textOf(shown.base ?? shown.at), this.#textOf(shown.at))
  }

  /** @param {number} at */
  #textOf(at) {
    return this.#past.text({ at, base: null })
  }

  reveal() {
    if (this.#place === null) return
    const at = Math.min(this.#place, this.#view.state.doc.length)
    this.#view.dispatch({ effects: EditorView.scrollIntoView(at, { y: 'nearest', yMargin: 80 }) })
  }

  changes() {
    if (this.#shown.base === null) return []
    const { ends, authors, states } = this.#runs
    const text = this.#view.state.doc
    /** @type {import('../contract.js').PastChange[]} */
    const found = []
    for (let run = 0; run < ends.length; run += 1) {
      if (states[run] === 0) continue
      const from = run > 0 ? ends[run - 1] : 0
      const to = ends[run]
      found.push({ state: /** @type {any} */ (STATES[states[run]]), author: authors[run], text: text.sliceString(from, Math.min(to, from + SNIPPET)), go: () => this.#goTo(from, to) })
    }
    return found
  }

  /** @param {number} from @param {number} to */
  #goTo(from, to) {
    this.#view.dispatch({ effects: [setLooked.of({ from, to }), EditorView.scrollIntoView(from, { y: 'center' })] })
  }

  /** @param {boolean} isOn */
  async setSide(isOn) {
    if (isOn === (this.#side !== null)) return
    if (isOn) {
      const { openSide } = await import('./past_side.js')
      const place = this.#frame.appendChild(document.createElement('div'))
      place.className = 'text-side'
      const grammar = await fetchGrammar(this.#context.index.lang)
      this.#side = openSide(place, [READ_ONLY, EditorState.lineSeparator.of('\n'), lineNumbers(), codeLook, grammar])
      this.#side.show(this.#textOf(this.#shown.base ?? this.#shown.at), this.#textOf(this.#shown.at))
    } else {
      this.#side?.destroy()
      this.#side = null
    }
    this.#frame.classList.toggle('is-side', isOn)
  }

  destroy() {
    this.#side?.destroy()
    this.#view.destroy()
    this.#frame.remove()
  }
}

/** Who wrote what, as far as it is in sight: drawing all of a long text would take longer than showing it. @param {(author: number) => import('../contract.js').AuthorLook} lookOf */
function authorLooks(lookOf) {
  /** @type {Map<number, Decoration>} */
  const made = new Map()
  const lookedAt = Decoration.mark({ class: 'is-looked' })
  const looks = (/** @type {number} */ author, /** @type {number} */ state) => {
    const key = author * STATES.length + state
    const known = made.get(key)
    if (known) return known
    const { hue, name } = lookOf(author)
    const mark = Decoration.mark({ tagName: TAGS[STATES[state]], class: `by by-${author} hue-${hue} is-${STATES[state]}`, attributes: { title: name } })
    made.set(key, mark)
    return mark
  }
  const runs = field(setRuns, { ends: new Uint32Array(0), authors: new Uint32Array(0), states: new Uint8Array(0) })
  const looked = field(setLooked, null)
  /** @param {EditorView} view */
  const draw = view => {
    const { ends, authors, states } = view.state.field(runs)
    const here = view.state.field(looked)
    const found = view.visibleRanges.flatMap(({ from, to }) => {
      const marks = []
      for (let run = firstAbove(ends, from); run < ends.length; run += 1) {
        const start = run > 0 ? ends[run - 1] : 0
        if (start >= to) break
        marks.push(looks(authors[run], states[run]).range(Math.max(from, start), Math.min(to, ends[run])))
      }
      return marks
    })
    if (here && here.from < here.to) found.push(lookedAt.range(here.from, here.to))
    return Decoration.set(found, true)
  }
  const drawn = ViewPlugin.define(view => ({
    decorations: draw(view),
    update(update) {
      if (update.docChanged || update.viewportChanged || update.transactions.some(({ effects }) => effects.length > 0)) this.decorations = draw(update.view)
    },
  }), { decorations: ({ decorations }) => decorations })
  // Innermost, so that a colour is as high as the letters of a heading.
  return [runs, looked, Prec.highest(drawn)]
}

/** @template T @param {import('@codemirror/state').StateEffectType<T>} effect @param {T} first */
function field(effect, first) {
  return StateField.define({
    create: () => first,
    update: (value, { effects }) => effects.reduce((last, one) => (one.is(effect) ? one.value : last), value),
  })
}
