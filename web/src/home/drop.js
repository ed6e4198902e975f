// Files that are dropped anywhere on the page or pasted, and what became of them.
import { html, signal, useEffect } from '../../vendor/view.js'
import { pathOf } from '../device/names.js'
import { t } from '../i18n/index.js'
import '../i18n/home.js'
import { Icon } from '../ui/icon.js'
import '../ui/icons/things.js'
import { announce } from '../ui/live.js'

/** Whether files are held over the page now. */
const isOver = signal(false)

/** Takes files from the pointer and the clipboard. @param {(files: File[]) => void} onFiles */
export function takeFiles(onFiles) {
  const holdsFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') ?? false
  /** Elements entered and not left: the page is left with the last one. */
  let depth = 0
  const end = () => {
    depth = 0
    isOver.value = false
  }
  addEventListener('dragenter', event => {
    if (!holdsFiles(event)) return
    event.preventDefault()
    depth++
    isOver.value = true
  })
  addEventListener('dragover', event => {
    if (!holdsFiles(event)) return
    event.preventDefault()
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy'
  })
  addEventListener('dragleave', event => holdsFiles(event) && --depth <= 0 && end())
  addEventListener('drop', event => {
    if (!holdsFiles(event)) return
    event.preventDefault()
    end()
    onFiles([...(event.dataTransfer?.files ?? [])])
  })
  addEventListener('paste', event => {
    const files = [...(event.clipboardData?.files ?? [])]
    if (files.length === 0 || /** @type {HTMLElement} */ (event.target).closest('input')) return
    event.preventDefault()
    onFiles(files)
  })
}

/** Covers the page while files are held over it. */
export function DropOverlay() {
  if (!isOver.value) return null
  return html`<div class="drop" aria-hidden="true"><div class="drop-frame">
    <p class="drop-title">${t('home.drop')}</p>
    <p class="drop-hint">${t('home.drop.hint')}</p>
  </div></div>`
}

/** What is on its way and what came of it. @param {{ importing: import('./importing.js').Importing }} props */
export function ImportTray({ importing }) {
  const jobs = importing.jobs.value
  return jobs.length > 0 && html`<${Tray} jobs=${jobs} onClear=${() => importing.clear()} />`
}

/** @param {{ jobs: import('./importing.js').Job[], onClear: () => void }} props */
function Tray({ jobs, onClear }) {
  const open = jobs.filter(({ state }) => state === 'waiting' || state === 'busy').length
  const failed = jobs.filter(({ state }) => state === 'failed').length
  const text = open > 0 ? t('home.import.progress', { done: jobs.length - open, count: jobs.length }) : failed > 0 ? t('home.import.failed', { count: failed }) : t('home.import.done', { count: jobs.length })
  useEffect(() => announce(text), [text])
  return html`<section class="tray" aria-labelledby="tray-title">
    <header><h2 id="tray-title">${text}</h2>
      ${open === 0 && html`<button class="tray-close" type="button" aria-label=${t('common.close')} onClick=${onClear}><${Icon} name="close" /></button>`}</header>
    <progress class="tray-bar" hidden=${open === 0} max=${jobs.length} value=${jobs.length - open} aria-labelledby="tray-title"></progress>
    <ul>${jobs.map(job => html`<${JobLine} key=${job.id} job=${job} />`)}</ul>
  </section>`
}

/** @param {{ job: import('./importing.js').Job }} props */
function JobLine({ job }) {
  return html`<li class="job" data-state=${job.state}>
    <span class="job-mark" aria-hidden="true">${job.state === 'done' ? html`<${Icon} name="check" />` : job.state === 'failed' ? html`<${Icon} name="warn" />` : null}</span>
    <span class="job-file">${job.state === 'done' ? html`<a href=${pathOf(job.document)}>${job.file}</a>` : job.file}</span>
    ${job.problem && html`<p class="job-problem">${job.problem}</p>`}
  </li>`
}
