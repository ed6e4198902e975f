// Colours of authors in the document that is edited: fetches who wrote what when somebody asks for it, follows new edits, and
// gives people who are here the colours they have here.
import { effect, untracked } from '../../../vendor/view.js'
import { History } from '../../api/history.js'
import { settings } from '../../device/settings.js'
import { Reading } from '../../history/reading.js'
import { Writers } from '../../history/writers.js'
import { t } from '../../i18n/index.js'
import '../../i18n/history.js'
import { freeLook } from '../../presence/colors.js'
import { toast } from '../../ui/toast.js'

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('../history/scene.js').Look} Look */

/** What was written is asked for after this quiet time, in ms; until then the people who are here are known by their tabs. */
const AFTER = 2000

/** @param {Desk} desk */
export function followAuthors(desk) {
  const authors = new AuthorColours(desk)
  effect(() => {
    const editor = desk.editor.value
    const isOn = settings.authors.value === 'on'
    untracked(() => void authors.show(editor, isOn))
  })
  effect(() => {
    const { value } = desk.people
    untracked(() => value.length > 0 && authors.meet())
  })
}

class AuthorColours {
  #desk
  #api
  /** @type {Reading | null} */
  #reading = null
  /** @type {import('../../history/columns.js').Index | null} */
  #index = null
  /** @type {Writers | null} */
  #writers = null
  /** Looks by name. @type {Map<string, Look>} */
  #looks = new Map()
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  #isOn = false

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk
    this.#api = new History(desk.name, () => desk.me.value.name)
    desk.provider.doc.on('update', () => this.#isOn && this.#later())
  }

  /** @param {import('../../editor/contract.js').OpenEditor | null} editor @param {boolean} isOn */
  async show(editor, isOn) {
    this.#isOn = isOn
    if (!isOn || !editor) {
      editor?.showAuthors(null)
      this.#desk.authors.value = []
      return
    }
    if (!this.#index) await this.#fetch()
    this.#draw()
  }

  /** Somebody came, went or has another name. */
  meet() {
    if (!this.#index || !this.#isOn) return
    const before = JSON.stringify([...this.#looks])
    this.#looks.clear()
    this.#listLooks()
    if (JSON.stringify([...this.#looks]) !== before) this.#draw()
  }

  #later() {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#fetch().then(() => this.#draw()), AFTER)
  }

  async #fetch() {
    try {
      this.#reading ??= new Reading()
      this.#index = await this.#reading.add(await this.#api.pack(this.#index))
      this.#writers = new Writers(this.#index)
      this.#listLooks()
    } catch {
      // Another life of the document, or no connection: from the beginning next time.
      if (!this.#index) toast(t('history.live.failed'))
      this.#reading?.stop()
      this.#reading = null
      this.#index = null
    }
  }

  #listLooks() {
    const { people, authors } = this.#desk
    for (const { name, hue, shape } of people.value) this.#looks.set(name, { name, hue, shape })
    const wrote = new Set(this.#index?.authors)
    const written = (this.#index?.users ?? []).filter((_, author) => wrote.has(author)).map(({ name }) => this.#lookOf(name))
    authors.value = [...new Set(written)]
  }

  /** @param {string} name */
  #lookOf(name) {
    const known = this.#looks.get(name) ?? { ...freeLook(name, [...this.#looks.values()]), name: name || t('history.someone') }
    this.#looks.set(name, known)
    return known
  }

  #draw() {
    if (!this.#isOn || !this.#index) return
    this.#desk.editor.value?.showAuthors((client, clock) => {
      const writer = this.#writers?.at(client, clock)
      if (writer) return { end: writer.end, look: this.#lookOf(this.#index?.users[writer.author]?.name ?? '') }
      const person = this.#desk.people.value.find(({ clients }) => clients.includes(client))
      return { end: Infinity, look: person ? this.#lookOf(person.name) : null }
    })
  }
}
