// Who may open a document by a link: makes links, shows a new one once, ends them. Draws and asks; what a link is and
// where it is kept is the business of whoever shows it.
import { html, useEffect, useState } from '../../vendor/view.js'
import { language, t } from '../i18n/index.js'
import '../i18n/share.js'
import { ago } from './ago.js'
import { Dialog } from './dialog.js'

/** @typedef {import('../api/shares.js').Share} Share */
/** @typedef {import('../api/shares.js').LinkAccess} LinkAccess */

/** What a link made here may give. Commenting is no more than viewing as long as there are no comments. @type {readonly LinkAccess[]} */
const ACCESSES = ['view', 'edit']
/** How long a link may last, in ms; 0 for as long as nobody ends it. */
const LASTS = { ever: 0, day: 86_400_000, week: 604_800_000, month: 2_592_000_000 }
/** @typedef {keyof typeof LASTS} Lasting */

/**
 * @param {object} props
 * @param {() => Promise<Share[]>} props.list
 * @param {(access: LinkAccess, expires: number | null) => Promise<Share>} props.make
 * @param {(id: string) => Promise<unknown>} props.end
 * @param {(token: string) => string} props.address of the document, through a link
 * @param {(text: string) => Promise<unknown>} props.copy
 * @param {(error: unknown) => string} props.explain
 * @param {() => void} props.onClose
 */
export function ShareDialog({ list, make, end, address, copy, explain, onClose }) {
  const [links, setLinks] = useState(/** @type {Share[] | null} */ (null))
  const [fresh, setFresh] = useState(/** @type {Share | null} */ (null))
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  const run = async (/** @type {() => Promise<void>} */ work) => {
    setBusy(true)
    setProblem('')
    await work().catch(error => setProblem(explain(error)))
    setBusy(false)
  }
  const read = async () => setLinks(await list())
  useEffect(() => void run(read), [])
  /** @param {SubmitEvent} event */
  const create = event => {
    event.preventDefault()
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target))
    const lasts = LASTS[/** @type {Lasting} */ (form.get('lasts'))]
    run(async () => {
      setFresh(await make(/** @type {LinkAccess} */ (form.get('access')), lasts ? Date.now() + lasts : null))
      await read()
    })
  }
  const stop = (/** @type {string} */ id) =>
    run(async () => {
      await end(id)
      if (fresh?.id === id) setFresh(null)
      await read()
    })
  return html`<${Dialog} title=${t('share.title')} onClose=${onClose}>
    <p>${t('share.why')}</p>
    ${links !== null && html`<form class="share-new" onSubmit=${create}>
      <select class="field" name="access" aria-label=${t('share.access')}>${ACCESSES.map(access => html`<option value=${access}>${t(`share.access.${access}`)}</option>`)}</select>
      <select class="field" name="lasts" aria-label=${t('share.lasts')}>${Object.keys(LASTS).map(lasts => html`<option value=${lasts}>${t(/** @type {import('../i18n/index.js').Key} */ (`share.lasts.${lasts}`))}</option>`)}</select>
      <button class="button button-main" type="submit" disabled=${isBusy}>${t('share.make')}</button>
    </form>`}
    ${fresh?.token && html`<${Fresh} key=${fresh.id} url=${address(fresh.token)} copy=${copy} />`}
    ${problem && html`<p class="share-problem" role="alert">${problem}</p>`}
    ${links !== null && links.length > 0 && html`<h3 class="share-head" id="share-links">${t('share.links')}</h3>
      <ul class="share-links" aria-labelledby="share-links">${links.map(link => html`<${Link} key=${link.id} link=${link} isBusy=${isBusy} onEnd=${() => stop(link.id)} />`)}</ul>`}
  <//>`
}

/** A link that was just made: its address cannot be shown again. @param {{ url: string, copy: (text: string) => Promise<unknown> }} props */
function Fresh({ url, copy }) {
  const [said, setSaid] = useState('')
  const take = () => copy(url).then(() => setSaid(t('share.copied')), () => setSaid(t('share.copy-failed')))
  return html`<div class="share-fresh">
    <input class="field" readonly value=${url} aria-label=${t('share.address')} onFocus=${(/** @type {FocusEvent} */ event) => /** @type {HTMLInputElement} */ (event.target).select()} />
    <button class="button" type="button" onClick=${take}>${t('share.copy')}</button>
    <p role="status">${said || t('share.once')}</p>
  </div>`
}

/** @param {{ link: Share, isBusy: boolean, onEnd: () => void }} props */
function Link({ link, isBusy, onEnd }) {
  const now = Date.now()
  const made = t('share.made', { ago: ago(link.created, now, language.value) })
  const date = (/** @type {number} */ time) => new Date(time).toLocaleDateString(language.value, { dateStyle: 'medium' })
  const until = link.expires === null ? '' : t(link.expires > now ? 'share.until' : 'share.over', { date: date(link.expires) })
  return html`<li class="share-link">
    <span class="share-what">${link.name || t(`share.access.${link.access}`)}</span>
    <span class="share-note">${[link.name && t(`share.access.${link.access}`), made, until].filter(Boolean).join(' · ')}</span>
    <button class="button" type="button" disabled=${isBusy} onClick=${onEnd}>${t('share.end')}</button>
  </li>`
}
