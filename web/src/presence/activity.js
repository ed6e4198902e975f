// What the others did lately, in sentences: who came and went, who edits where. Told at most one line per
// while, because a line per keystroke would drown the text. Knows no page: it is given states and a clock.
import { t } from '../i18n/index.js'
import '../i18n/shell_parts.js'
import { whoIsHere } from './people.js'
import { sectionOf } from './section.js'

/** Between two lines about edits, in ms, when only the gist is wanted. */
const GIST_EVERY = 10_000
/** And when each is wanted; the same sentence not again within the longer time. */
const EACH_EVERY = 1500
const LINES_MOST = 50

/** How much is told. @typedef {'off' | 'summary' | 'each'} Detail */
/** @typedef {{ id: number, at: number, text: string }} Line */

/** Watches one document. */
export class Activity {
  /** Newest last. @type {Line[]} */
  lines = []
  #known
  #lastEdit = -Infinity
  #lastId = 0
  /** When each sentence was told last. @type {Map<string, number>} */
  #told = new Map()
  #doc
  #awareness
  #options

  /**
   * @param {import('../../vendor/core.js').Y.Doc} doc
   * @param {import('./people.js').Awareness} awareness
   * @param {{ detail: () => Detail, changed: () => void, now?: () => number, myKey?: string }} options
   */
  constructor(doc, awareness, options) {
    this.#doc = doc
    this.#awareness = awareness
    this.#options = options
    this.#known = this.#others()
    awareness.on('change', this.#onChange)
  }

  destroy() {
    this.#awareness.off('change', this.#onChange)
  }

  #others() {
    return new Map(whoIsHere(this.#awareness, this.#options.myKey).filter(person => !person.isMe).map(person => [person.key, person]))
  }

  #onChange = (/** @type {{ updated: number[] }} */ { updated }) => {
    const now = this.#others()
    for (const [key, { name }] of now) if (!this.#known.has(key)) this.#tell(t('shell.activity.came', { name }))
    for (const [key, { name }] of this.#known) if (!now.has(key)) this.#tell(t('shell.activity.went', { name }))
    this.#known = now
    for (const client of updated) this.#moved(client)
  }

  /** A caret that moved is somebody editing, near enough. @param {number} client */
  #moved(client) {
    const person = [...this.#known.values()].find(one => one.clients.includes(client))
    const state = this.#awareness.getStates().get(client)
    if (!person || !state?.cursor || person.isViewer || person.isIdle) return
    const time = this.#time()
    const pause = this.#options.detail() === 'each' ? EACH_EVERY : GIST_EVERY
    if (time - this.#lastEdit < pause) return
    const section = sectionOf(this.#doc, state)?.text
    const text = section ? t('shell.activity.section', { name: person.name, section }) : t('shell.activity.edits', { name: person.name })
    if (time - (this.#told.get(text) ?? -Infinity) < GIST_EVERY * 3) return
    this.#lastEdit = time
    this.#tell(text)
  }

  /** @param {string} text */
  #tell(text) {
    if (this.#options.detail() === 'off') return
    const at = this.#time()
    this.#told.set(text, at)
    if (this.#told.size > LINES_MOST) this.#told.delete([...this.#told.keys()][0])
    this.lines = [...this.lines, { id: ++this.#lastId, at, text }].slice(-LINES_MOST)
    this.#options.changed()
  }

  #time() {
    return (this.#options.now ?? Date.now)()
  }
}
