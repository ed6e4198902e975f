// The timeline as a whole: bar, controls, the document at the moment, and the panel beside it; or why there is nothing to see.
import { html, signal } from '../../../vendor/view.js'
import { pathOf } from '../../device/names.js'
import { read, write } from '../../device/storage.js'
import { t } from '../../i18n/index.js'
import '../../i18n/history.js'
import { Icon } from '../../ui/icon.js'
import '../../ui/icons/things.js'
import { MenuButton } from '../../ui/menu_button.js'
import { Panel } from '../../ui/panel.js'
import { askRestore, momentItems } from './actions.js'
import { ChangeList } from './changes.js'
import { Controls } from './controls.js'
import { when } from './moments.js'
import { VersionList, askName } from './versions.js'

/** @typedef {import('./scene.js').Scene} Scene */

const KEY = 'coscribe.panel'
const width = signal(Number(read(KEY, 0)) || 320)

/** @param {{ scene: Scene, onRetry: () => void }} props */
export function Timeline({ scene, onRetry }) {
  const { index, overlay, muted, hasColours, panel } = scene
  const isEmpty = index.value !== null && scene.last < 0
  const problem = index.value ? null : scene.problem.value
  return html`
    <${Bar} scene=${scene} />
    <${Controls} scene=${scene} />
    ${index.value && index.value.floor > 0 && html`<p class="past-floor">${t('history.floor', { date: when(index.value.times[0] ?? 0, { dateStyle: 'long' }) })}</p>`}
    <div class="stage">
      <div class="sheet">
        ${problem && html`<${Trouble} problem=${problem} onRetry=${onRetry} />`}
        ${isEmpty && html`<div class="past-note"><h1>${t('history.empty')}</h1><p class="hint">${t('history.empty.detail')}</p></div>`}
        <main class=${`editor ${hasColours.value && scene.base.value === null ? 'has-authors' : ''}`} data-past hidden=${problem !== null || isEmpty} data-muted=${[...muted.value].join(' ')}>
          ${!index.value && html`<div class="skeleton" aria-hidden="true"><i></i><i></i><i></i><i></i></div><p class="unseen" role="status">${t('history.loading')}</p>`}
        </main>
      </div>
      <div class="side">${panel.value && !problem && !isEmpty && html`<${Side} scene=${scene} />`}</div>
    </div>
    <style>${mutedRules(muted.value)}</style>
    ${overlay.value?.()}`
}

/** What muted people wrote has no colour, and what they took away is not shown. @param {ReadonlySet<number>} muted */
function mutedRules(muted) {
  return [...muted].map(author => `.is-past .by-${author} { --person: transparent } .is-past del.by-${author} { display: none }`).join('\n')
}

/** @param {{ scene: Scene }} props */
function Bar({ scene }) {
  const { index, panel } = scene
  const isReady = index.value !== null && scene.last >= 0
  return html`<header class="bar past-bar">
    <a class="button past-back" href=${pathOf(scene.name)} onClick=${(/** @type {MouseEvent} */ event) => leave(scene, event)}><${Icon} name="back" /> <span>${t('history.back')}</span></a>
    <h1 class="past-title">${index.value ? html`<bdi>${index.value.title || t('common.untitled')}</bdi> <span class="kind">${t('history.title')}</span>` : html`<span class="unseen">${t('history.title')}</span>`}</h1>
    <span class="grow"></span>
    ${isReady && html`
      <button class="button is-wide-only" type="button" onClick=${() => askName(scene)}>${t('history.name')}</button>
      <button class="button button-main is-wide-only" type="button" disabled=${scene.at.value >= scene.last && scene.base.value === null} onClick=${() => askRestore(scene)}>${t('history.restore')}</button>
      <button class="button-bare" type="button" aria-label=${t('history.versions')} data-tip=${t('history.versions')} aria-pressed=${String(panel.value !== null)} onClick=${() => (panel.value = panel.value ? null : 'versions')}><${Icon} name="panel" /></button>
      <${MenuButton} label=${t('history.menu')} items=${() => momentItems(scene)}><${Icon} name="more" /><//>`}
  </header>`
}

/** A plain press stays on the page where the document is open beneath. @param {Scene} scene @param {MouseEvent} event */
function leave(scene, event) {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  scene.onLeave()
}

/** @param {{ problem: { kind: import('./scene.js').Problem, detail: string }, onRetry: () => void }} props */
function Trouble({ problem, onRetry }) {
  return html`<div class="past-note" role="alert">
    <h1>${t(`history.problem.${problem.kind}`)}</h1>
    <p class="hint">${problem.detail || t('history.problem.detail')}</p>
    <p><button class="button button-main" type="button" onClick=${onRetry}>${t('history.retry')}</button></p>
  </div>`
}

/** @param {{ scene: Scene }} props */
function Side({ scene }) {
  const { panel } = scene
  const tabs = [{ id: 'versions', label: t('history.versions') }, { id: 'changes', label: t('history.changes') }]
  return html`<${Panel} tabs=${tabs} open=${panel.value} width=${width.value} onClose=${() => (panel.value = null)}
      onOpen=${(/** @type {import('./scene.js').PanelName} */ id) => (panel.value = id)} onResize=${(/** @type {number} */ wanted) => write(KEY, (width.value = wanted))}>
    ${panel.value === 'changes' ? html`<${ChangeList} scene=${scene} />` : html`<${VersionList} scene=${scene} />`}
  <//>`
}
