// What the home page says when there is nothing to list: the beginning, no hits, no list, no server.
import { html, useRef, useState } from '../../vendor/view.js'
import { pathOf } from '../device/names.js'
import { t } from '../i18n/index.js'
import '../i18n/home.js'
import { inApp } from '../mount/index.js'
import { Icon } from '../ui/icon.js'
import '../ui/icons/things.js'
import { problemWith } from './name_problem.js'
import { FileField, pathInLink } from './top.js'

/** @param {{ actions: import('./actions.js').Actions, onFiles: (files: File[]) => void, hasBin: boolean }} props */
export function Empty({ actions, onFiles, hasBin }) {
  const chooser = useRef(/** @type {HTMLInputElement | null} */ (null))
  return html`<section class="empty" aria-labelledby="empty-title">
    <h2 id="empty-title">${t('home.empty')}</h2>
    <p class="lead">${t('home.empty.lead')}</p>
    <div class="starts">
      <${Start} icon="kindRich" label=${t('common.kind.rich')} hint=${t('home.start.rich')} run=${() => void actions.create('rich')} />
      <${Start} icon="kindMarkdown" label=${t('common.kind.markdown')} hint=${t('home.start.markdown')} run=${() => void actions.create('markdown')} />
      <${Start} icon="kindCode" label=${t('common.kind.code')} hint=${t('home.start.code')} run=${() => void actions.create('code')} />
    </div>
    <p class="hint">${t('home.empty.drop')} <button class="link" type="button" onClick=${() => chooser.current?.click()}>${t('home.empty.choose')}</button></p>
    ${hasBin && html`<p class="hint"><a href=${inApp('/bin')}>${t('home.bin')}</a></p>`}
    <${FileField} field=${chooser} onFiles=${onFiles} />
  </section>`
}

/** @param {{ icon: string, label: string, hint: string, run: () => void }} props */
function Start({ icon, label, hint, run }) {
  return html`<button class="start" type="button" onClick=${run}><${Icon} name=${icon} /><span class="start-label">${label}</span><span class="start-hint">${hint}</span></button>`
}

/** A search without hits. @param {{ query: string, actions: import('./actions.js').Actions }} props */
export function NoHits({ query, actions }) {
  const title = query.trim()
  const path = pathInLink(title)
  if (path) return html`<div class="nothing"><p class="nothing-text">${t('home.link.here')}</p><a class="button" href=${path}>${t('home.menu.open')}</a></div>`
  return html`<div class="nothing">
    <p class="nothing-text">${t('home.nothing', { query: title })}</p>
    <button class="button" type="button" onClick=${() => void actions.create('rich', title)}>${t('home.nothing.create', { query: title })}</button>
  </div>`
}

/** Where the server keeps its list to itself. */
export function Unlisted() {
  return html`<section class="unlisted" aria-labelledby="unlisted-title">
    <h2 id="unlisted-title">${t('home.all')}</h2>
    <p class="hint">${t('home.unlisted')}</p>
    <${Opener} />
  </section>`
}

/** Opens a document by its link or its name. */
function Opener() {
  const [problem, setProblem] = useState('')
  /** @param {SubmitEvent} event */
  const open = event => {
    event.preventDefault()
    const typed = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('name')).trim()
    const path = pathInLink(typed)
    const wrong = path ? null : URL.canParse(typed) && /^https?:/.test(typed) ? t('home.link.elsewhere') : problemWith(typed)
    setProblem(wrong ?? '')
    if (!wrong) location.assign(path ?? pathOf(typed))
  }
  return html`<form class="opener" onSubmit=${open} novalidate>
    <label class="opener-label" for="name">${t('home.link.label')}</label>
    <div class="opener-row">
      <input class="field" id="name" name="name" autocomplete="off" autocapitalize="none" spellcheck=${false} aria-invalid=${problem !== ''} aria-describedby="name-problem" onInput=${() => setProblem('')} />
      <button class="button" type="submit">${t('home.menu.open')}</button>
    </div>
    <p class="hint hint-bad" id="name-problem" role="alert">${problem}</p>
  </form>`
}

/** @param {{ text: string, onRetry: () => void, signIn: string | null }} props */
export function Failed({ text, onRetry, signIn }) {
  return html`<div class="nothing" role="alert">
    <p class="nothing-text">${text}</p>
    ${signIn ? html`<a class="button button-main" href=${signIn}>${t('home.signIn')}</a>` : html`<button class="button" type="button" onClick=${onRetry}>${t('home.retry')}</button>`}
  </div>`
}

/** @param {{ text: string, onRetry: (() => void) | null, signIn?: string | null }} props */
export function Banner({ text, onRetry, signIn = null }) {
  return html`<div class="banner" role="status"><${Icon} name="warn" /><p>${text}</p>${signIn ? html`<a href=${signIn}>${t('home.signIn')}</a>` : onRetry && html`<button class="link" type="button" onClick=${onRetry}>${t('home.retry')}</button>`}</div>`
}
