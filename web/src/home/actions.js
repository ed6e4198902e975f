// What people do with documents on the home page. Each shows its result at once and takes it back when the server
// does not agree.
import { exportUrl } from '../api/documents.js'
import { explain } from '../api/problems.js'
import { freshName } from '../device/fresh_names.js'
import { historyPathOf, pathOf } from '../device/names.js'
import { t } from '../i18n/index.js'
import '../i18n/home.js'
import '../ui/icons/things.js'

/** How long making a document may keep somebody waiting, in ms; its page can open without the server. */
const CREATE_PATIENCE = 3000

/** @typedef {import('./items.js').Item} Item */
/** @typedef {import('../sync/meta.js').Kind} Kind */

export class Actions {
  /**
   * @param {object} parts
   * @param {import('../api/documents.js').Documents} parts.api
   * @param {import('./library.js').Library} parts.library
   * @param {(text: string, action?: { label: string, run: () => void }) => void} parts.toast
   * @param {(path: string) => void} parts.go
   * @param {(name: string) => void} parts.forgetLocal
   */
  constructor({ api, library, toast, go, forgetLocal }) {
    this.api = api
    this.library = library
    this.toast = toast
    this.go = go
    this.forgetLocal = forgetLocal
    /** Until the page is left; somebody who comes back to it may make another. */
    this.isCreating = false
  }

  /**
   * Makes a document and opens it. The name is made here: without the server the page opens all the same, and
   * the document begins with its first edit.
   * @param {Kind} kind
   * @param {string} [title]
   */
  async create(kind, title) {
    if (this.isCreating) return
    this.isCreating = true
    const name = freshName()
    try {
      await this.api.create({ name, kind, title }, { patience: CREATE_PATIENCE })
      this.go(`${pathOf(name)}?kind=${kind}`)
    } catch (error) {
      const { isUnreached } = /** @type {import('../api/http.js').ApiError} */ (error)
      if (isUnreached) return this.go(`${pathOf(name)}?kind=${kind}`)
      this.isCreating = false
      this.toast(explain(error))
    }
  }

  /** @param {Item} item @param {string} title */
  async rename(item, title) {
    await this.#attempt(async () => this.library.put([await this.api.rename(item.name, title)]))
  }

  /** @param {Item} item @returns {Promise<string | null>} the copy's name */
  async duplicate(item) {
    return this.#attempt(async () => {
      const copy = await this.api.duplicate(item.name, item.title ? { title: t('home.copyOf', { title: item.title }) } : {})
      this.library.put([copy])
      this.toast(t('home.duplicated'), { label: t('home.menu.open'), run: () => this.go(pathOf(copy.name)) })
      return copy.name
    })
  }

  /** Moves it to the bin. @param {Item} item */
  async remove(item) {
    const hidden = this.library.hide(item.name)
    try {
      await this.api.remove(item.name)
      hidden.done()
      this.offerBack(item, hidden.back)
    } catch (error) {
      hidden.back()
      this.toast(explain(error))
    }
  }

  /** Says that a document is in the bin and how to take that back. @param {{ name: string, title: string }} item @param {() => void} [back] */
  offerBack(item, back = () => {}) {
    const text = t('home.removed', { title: item.title || t('common.untitled') })
    this.toast(text, { label: t('home.undo'), run: () => void this.#undoRemove(item.name, back) })
  }

  /** Only this device forgets it. @param {Item} item */
  async forget(item) {
    this.forgetLocal(item.name)
    await this.library.readDevice()
  }

  /** @param {string} name @param {() => void} back */
  async #undoRemove(name, back) {
    await this.#attempt(async () => {
      const info = await this.api.restore(name)
      back()
      if (info) this.library.put([info])
    })
  }

  /** @template T @param {() => Promise<T>} what @returns {Promise<T | null>} */
  async #attempt(what) {
    try {
      return await what()
    } catch (error) {
      this.toast(explain(error))
      return null
    }
  }
}

/**
 * The entries of a document's menu.
 * @param {Item} item
 * @param {{ actions: Actions, onRename: () => void, onRemove: () => void, isRecent: boolean }} how
 * @returns {(import('../ui/menu.js').MenuItem | null)[]}
 */
export function menuOf(item, { actions, onRename, onRemove, isRecent }) {
  /** @param {import('../api/documents.js').Format} format @param {string} label */
  const file = (format, label) => ({ id: format, label, hint: `.${format}`, href: exportUrl(item.name, format), isFile: true })
  const hasKeys = matchMedia('(pointer: fine)').matches
  const formats = [file('md', t('home.export.md')), file('html', t('home.export.html')), file('txt', t('home.export.txt')), file('json', t('home.export.json')), file('yjs', t('home.export.yjs')), file('coscribe', t('home.export.coscribe'))]
  return [
    { id: 'open', icon: 'open', label: t('home.menu.open'), href: pathOf(item.name) },
    { id: 'rename', icon: 'rename', label: t('home.menu.rename'), keys: hasKeys ? 'F2' : undefined, run: onRename },
    { id: 'duplicate', icon: 'copy', label: t('home.menu.duplicate'), run: () => void actions.duplicate(item) },
    { id: 'export', icon: 'export', label: t('home.menu.export'), items: formats },
    { id: 'history', icon: 'history', label: t('home.menu.history'), href: historyPathOf(item.name) },
    null,
    ...(isRecent && !item.isUnsent ? [{ id: 'forget', icon: 'forget', label: t('home.menu.forget'), run: () => void actions.forget(item) }] : []),
    { id: 'remove', icon: 'bin', label: t('home.menu.remove'), keys: hasKeys ? 'Delete' : undefined, isBad: true, run: onRemove },
  ]
}
