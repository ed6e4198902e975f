// The links that lead people without rights of their own to a document: makes one, shows it once, replaces and ends
// them. Draws and asks; what a link is and where it is kept is the business of whoever shows it.
import { html, useEffect, useRef, useState } from '../../vendor/view.js'
import { language, t } from '../i18n/index.js'
import '../i18n/share.js'
import { ago } from './ago.js'
import { CopyField } from './copy_field.js'
import { QrCode } from './qr_code.js'

/** @typedef {import('../api/shares.js').Share} Share */
/** @typedef {import('../api/shares.js').LinkAccess} LinkAccess */
/** @typedef {import('../i18n/index.js').Key} Key */

/** What a link made here may give. Commenting is no more than viewing as long as there are no comments. @type {readonly LinkAccess[]} */
const ACCESSES = ['view', 'edit']
/** How long a link may last, in ms; 0 for as long as nobody ends it. */
const LASTS = { ever: 0, day: 86_400_000, week: 604_800_000, month: 2_592_000_000 }
/** Longest name of a link. */
const NAME_LONGEST = 64

/**
 * @typedef {object} Links
 * @property {() => Promise<Share[]>} list
 * @property {(wanted: import('../api/shares.js').Wanted) => Promise<Share>} make
 * @property {(id: string) => Promise<unknown>} end
 * @property {(token: string) => string} address of the document, through a link
 * @property {(error: unknown) => string} explain
 */

/** @param {Links} props */
export function ShareLinks({ list, make, end, address, explain }) {
  const [links, setLinks] = useState(/** @type {Share[]} */ ([]))
  const [fresh, setFresh] = useState(/** @type {Share | null} */ (null))
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  const head = useRef(/** @type {HTMLElement | null} */ (null))
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
    const form = /** @type {HTMLFormElement} */ (event.target)
    const chosen = new FormData(form)
    const lasts = LASTS[/** @type {keyof typeof LASTS} */ (chosen.get('lasts'))]
    run(async () => {
      setFresh(await make({ access: /** @type {LinkAccess} */ (chosen.get('access')), name: String(chosen.get('name')).trim(), expires: lasts ? Date.now() + lasts : null }))
      form.reset()
      await read()
    })
  }
  const stop = (/** @type {Share} */ link) =>
    run(async () => {
      await end(link.id)
      if (fresh?.id === link.id) setFresh(null)
      await read()
      // The button that had the focus is gone.
      head.current?.focus()
    })
  const replace = (/** @type {Share} */ { id, access, name, expires }) =>
    run(async () => {
      setFresh(await make({ access, name, expires: expires !== null && expires > Date.now() ? expires : null }))
      await end(id)
      await read()
    })
  return html`<section class="share-others" aria-labelledby="share-others">
    <h3 class="share-head" id="share-others" tabindex="-1" ref=${head}>${t('share.others')}</h3>
    <p class="share-why">${t('share.why')}</p>
    <form class="share-new" onSubmit=${create}>
      <input class="field share-name" name="name" maxlength=${NAME_LONGEST} placeholder=${t('share.name.hint')} aria-label=${t('share.name')} autocomplete="off" />
      <select class="field" name="access" aria-label=${t('share.access')}>${ACCESSES.map(access => html`<option value=${access}>${t(`share.access.${access}`)}</option>`)}</select>
      <select class="field" name="lasts" aria-label=${t('share.lasts')}>${Object.keys(LASTS).map(lasts => html`<option value=${lasts}>${t(/** @type {Key} */ (`share.lasts.${lasts}`))}</option>`)}</select>
      <button class="button ${fresh ? '' : 'button-main'}" type="submit" disabled=${isBusy}>${t('share.make')}</button>
    </form>
    ${fresh?.token && html`<${CopyField} key=${fresh.id} value=${address(fresh.token)} label=${t('share.address')} note=${t('share.once')} isMain=${true} />
      <${QrCode} key=${`qr ${fresh.id}`} text=${address(fresh.token)} />`}
    ${problem && html`<p class="share-problem" role="alert">${problem}</p>`}
    ${links.length > 0 && html`<ul class="share-links" aria-label=${t('share.links')}>
      ${links.map(link => html`<${Link} key=${link.id} link=${link} isBusy=${isBusy} onReplace=${() => replace(link)} onEnd=${() => stop(link)} />`)}</ul>`}
  </section>`
}

/** @param {{ link: Share, isBusy: boolean, onReplace: () => void, onEnd: () => void }} props */
function Link({ link, isBusy, onReplace, onEnd }) {
  const now = Date.now()
  const access = t(`share.access.${link.access}`)
  const date = (/** @type {number} */ time) => new Date(time).toLocaleDateString(language.value, { dateStyle: 'medium' })
  const until = link.expires === null ? '' : t(link.expires > now ? 'share.until' : 'share.over', { date: date(link.expires) })
  const button = (/** @type {'replace' | 'end'} */ what, /** @type {() => void} */ act) =>
    html`<button class="button" type="button" disabled=${isBusy} aria-label=${t(`share.${what}.which`, { which: link.name || access })} onClick=${act}>${t(`share.${what}`)}</button>`
  return html`<li class="share-link">
    <span class="share-what">${link.name || access}</span>
    <span class="share-note">${[link.name && access, t('share.made', { ago: ago(link.created, now, language.value) }), until].filter(Boolean).join(' · ')}</span>
    <span class="share-acts">${button('replace', onReplace)}${button('end', onEnd)}</span>
  </li>`
}
