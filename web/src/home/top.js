// The head of the home page: the mark, the search and what makes a new document.
import { html, useRef } from '../../vendor/view.js'
import { nameIn, pathOf } from '../device/names.js'
import { t } from '../i18n/index.js'
import '../i18n/home.js'
import { inApp } from '../mount/index.js'
import { Icon } from '../ui/icon.js'
import '../ui/icons/things.js'
import { MenuButton } from '../ui/menu_button.js'

/**
 * @param {object} props
 * @param {string} props.query
 * @param {(query: string) => void} props.onQuery
 * @param {() => void} props.onEnter opens the first result
 * @param {() => void} props.onDown goes into the results
 * @param {import('./actions.js').Actions} props.actions
 * @param {(files: File[]) => void} props.onFiles
 */
export function Top({ query, onQuery, onEnter, onDown, actions, onFiles }) {
  /** @param {KeyboardEvent} event */
  const onKeyDown = event => {
    if (event.isComposing) return
    if (event.key === 'ArrowDown') onDown()
    else if (event.key === 'Enter') onEnter()
    else if (event.key === 'Escape' && query) onQuery('')
    else return
    event.preventDefault()
  }
  return html`<header class="top">
    <a class="wordmark" href=${inApp('/')} aria-current="page"><img src=${inApp('/icon.svg')} alt="" width="28" height="28" /><span>${t('home.brand')}</span></a>
    <search class="search">
      <${Icon} name="search" />
      <input class="search-field" id="search" type="text" role="searchbox" inputmode="search" enterkeyhint="go" value=${query} placeholder=${t('home.search')} aria-label=${t('home.search')} aria-keyshortcuts="/"
        autocomplete="off" autocapitalize="none" spellcheck=${false} onInput=${(/** @type {InputEvent} */ event) => onQuery(/** @type {HTMLInputElement} */ (event.target).value)} onKeyDown=${onKeyDown} />
      ${query === '' ? html`<kbd class="search-key" aria-hidden="true">/</kbd>` : html`<button class="search-clear" type="button" aria-label=${t('home.search.clear')} onClick=${() => clear(onQuery)}><${Icon} name="close" /></button>`}
    </search>
    <${NewButton} actions=${actions} onFiles=${onFiles} />
  </header>`
}

/** @param {(query: string) => void} onQuery */
function clear(onQuery) {
  onQuery('')
  document.getElementById('search')?.focus()
}

/** @param {{ actions: import('./actions.js').Actions, onFiles: (files: File[]) => void }} props */
function NewButton({ actions, onFiles }) {
  const chooser = useRef(/** @type {HTMLInputElement | null} */ (null))
  const items = () => [
    { id: 'rich', icon: 'kindRich', label: t('common.kind.rich'), run: () => void actions.create('rich') },
    { id: 'markdown', icon: 'kindMarkdown', label: t('common.kind.markdown'), run: () => void actions.create('markdown') },
    { id: 'code', icon: 'kindCode', label: t('common.kind.code'), run: () => void actions.create('code') },
    null,
    { id: 'file', icon: 'import', label: t('home.new.file'), run: () => chooser.current?.click() },
  ]
  return html`<div class="split">
    <button class="button button-main split-main" type="button" onClick=${() => void actions.create('rich')}>${t('home.new')}</button>
    <${MenuButton} class="button button-main split-more" label=${t('home.new.more')} items=${items}><${Icon} name="down" /></${MenuButton}>
    <${FileField} field=${chooser} onFiles=${onFiles} />
  </div>`
}

/** The browser's own way to choose files; shown by its click. @param {{ field: { current: HTMLInputElement | null }, onFiles: (files: File[]) => void }} props */
export function FileField({ field, onFiles }) {
  /** @param {Event} event */
  const onChange = event => {
    const input = /** @type {HTMLInputElement} */ (event.target)
    onFiles([...(input.files ?? [])])
    // Choosing the same file again is a change again.
    input.value = ''
  }
  return html`<input type="file" multiple hidden ref=${field} onChange=${onChange} aria-label=${t('home.new.file')} />`
}

/** The page of this server that a pasted link leads to; null when it is no such link. @param {string} typed */
export function pathInLink(typed) {
  if (!URL.canParse(typed.trim())) return null
  const url = new URL(typed.trim())
  const name = url.origin === location.origin ? nameIn(url.pathname) : null
  return name === null ? null : pathOf(name)
}
