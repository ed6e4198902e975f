// The bin as a page: what was deleted, how long it stays, and the ways back and out.
import { html, signal } from '../../vendor/view.js'
import { explain } from '../api/problems.js'
import { pathOf } from '../device/names.js'
import { language, t } from '../i18n/index.js'
import '../i18n/home.js'
import { inApp } from '../mount/index.js'
import { ago } from '../ui/ago.js'
import { Dialog } from '../ui/dialog.js'
import { Icon } from '../ui/icon.js'
import '../ui/icons/things.js'
import { Foot } from './foot.js'
import { itemOf } from './items.js'
import { Skeleton } from './list.js'
import { Failed } from './states.js'
import { iconOf, now } from './words.js'

/** How long the server keeps what is in the bin, in ms. */
const KEPT = 30 * 86_400_000
const PAGE = 200

/** @typedef {import('../api/types.js').DocumentInfo} DocumentInfo */

export class Bin {
  /**
   * @param {object} parts
   * @param {import('../api/documents.js').Documents} parts.api
   * @param {(text: string, action?: { label: string, run: () => void }) => void} parts.toast
   * @param {(path: string) => void} parts.go
   */
  constructor({ api, toast, go }) {
    this.api = api
    this.toast = toast
    this.go = go
    this.documents = signal(/** @type {DocumentInfo[] | null} */ (null))
    this.problem = signal(/** @type {unknown} */ (null))
    /** What somebody is asked about before it goes for ever. */
    this.doubted = signal(/** @type {DocumentInfo | null} */ (null))
  }

  async refresh() {
    try {
      const { documents } = await this.api.list({ bin: true, limit: PAGE })
      this.documents.value = documents.sort((one, other) => (other.deleted ?? 0) - (one.deleted ?? 0))
      this.problem.value = null
    } catch (error) {
      this.problem.value = error
    }
  }

  /** @param {DocumentInfo} info */
  async restore(info) {
    const open = { label: t('home.menu.open'), run: () => this.go(pathOf(info.name)) }
    await this.#take(info, () => this.api.restore(info.name), () => this.toast(t('home.bin.restored', { title: titleOf(info) }), open))
  }

  /** @param {DocumentInfo} info */
  async removeForever(info) {
    this.doubted.value = null
    await this.#take(info, () => this.api.removeForever(info.name), () => this.toast(t('home.bin.gone', { title: titleOf(info) })))
  }

  /** Takes it out of the list once the server has done so. @param {DocumentInfo} info @param {() => Promise<unknown>} ask @param {() => void} onDone */
  async #take({ name }, ask, onDone) {
    try {
      await ask()
      const at = this.documents.value?.findIndex(info => info.name === name) ?? 0
      this.documents.value = this.documents.value?.filter(info => info.name !== name) ?? null
      onDone()
      requestAnimationFrame(() => focusNear(at))
    } catch (error) {
      this.toast(explain(error))
      void this.refresh()
    }
  }
}

/** @param {DocumentInfo} info */
const titleOf = info => itemOf(info).title || t('common.untitled')

/** The focus goes to the document that took the place of the one that left. @param {number} at */
function focusNear(at) {
  const buttons = [...document.querySelectorAll('.bin-restore')].map(button => /** @type {HTMLElement} */ (button))
  const target = buttons[Math.min(at, buttons.length - 1)] ?? document.querySelector('.back')
  target?.focus()
}

/** @param {{ bin: Bin }} props */
export function BinPage({ bin }) {
  const documents = bin.documents.value
  const doubted = bin.doubted.value
  return html`
    <header class="top"><a class="wordmark" href=${inApp('/')}><img src=${inApp('/icon.svg')} alt="" width="28" height="28" /><span>${t('home.brand')}</span></a></header>
    <main id="main">
      <a class="back" href=${inApp('/')}><${Icon} name="back" />${t('home.bin.back')}</a>
      <h1 class="page-title" id="bin-title">${t('home.bin')}</h1>
      <p class="hint">${t('home.bin.lead')}</p>
      <section class="block" aria-labelledby="bin-title">
        ${documents === null && (bin.problem.value ? html`<${Failed} text=${explain(bin.problem.value)} onRetry=${() => void bin.refresh()} />` : html`<${Skeleton} look="list" />`)}
        ${documents?.length === 0 && html`<p class="nothing nothing-text">${t('home.bin.empty')}</p>`}
        ${documents !== null && documents.length > 0 && html`<ul class="rows">${documents.map(info => html`<${Deleted} key=${info.name} info=${info} bin=${bin} />`)}</ul>`}
      </section>
    </main>
    ${(documents !== null || bin.problem.value !== null) && html`<${Foot} />`}
    ${doubted && html`<${Dialog} title=${t('home.bin.sure', { title: titleOf(doubted) })} onClose=${() => (bin.doubted.value = null)}>
      <p>${t('home.bin.sure.text')}</p>
      <div class="row row-end">
        <button class="button" type="button" autofocus onClick=${() => (bin.doubted.value = null)}>${t('common.cancel')}</button>
        <button class="button button-bad" type="button" onClick=${() => void bin.removeForever(doubted)}>${t('home.bin.forever')}</button>
      </div>
    </${Dialog}>`}
  `
}

/** @param {{ info: DocumentInfo, bin: Bin }} props */
function Deleted({ info, bin }) {
  const title = titleOf(info)
  const deleted = info.deleted ?? now.value
  const days = Math.max(0, Math.ceil((deleted + KEPT - now.value) / 86_400_000))
  return html`<li class="item item-deleted">
    <span class="item-icon"><${Icon} name=${iconOf(info.kind)} /></span>
    <span class="item-title ${itemOf(info).title ? '' : 'is-untitled'}" dir="auto">${title}</span>
    <span class="item-facts"><span>${t('home.bin.deleted', { ago: ago(deleted, now.value, language.value) })}</span><span class="fact-left">${t('home.bin.left', { count: days })}</span></span>
    <span class="item-buttons">
      <button class="button bin-restore" type="button" aria-label=${t('home.bin.restoreOf', { title })} onClick=${() => void bin.restore(info)}><${Icon} name="restore" />${t('home.bin.restore')}</button>
      <button class="button" type="button" aria-label=${t('home.bin.foreverOf', { title })} onClick=${() => (bin.doubted.value = info)}>${t('home.bin.forever')}</button>
    </span>
  </li>`
}
