// What differs between the two moments that are compared: a list, and going from one to the next.
import { html, signal } from '../../../vendor/view.js'
import { t } from '../../i18n/index.js'
import '../../i18n/history.js'
import { announce } from '../../ui/live.js'

/** @typedef {import('./scene.js').Scene} Scene */
/** @typedef {import('../../editor/contract.js').PastChange} PastChange */

/** More entries than this are not listed; the keys reach them all the same. */
const LISTED = 300

/** The change that is looked at. */
const current = signal(/** @type {PastChange | null} */ (null))

/** @param {Scene} scene */
const heard = ({ changes, muted }) => changes.value.filter(({ author }) => !muted.value.has(author))

/** @param {Scene} scene @param {1 | -1} step */
export function goToChange(scene, step) {
  const all = heard(scene)
  if (all.length === 0) return announce(t('history.changes.none'))
  const here = current.value ? all.indexOf(current.value) : -1
  const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : (here + step + all.length) % all.length
  go(all[next])
  announce(`${sentence(scene, all[next])} ${t('history.changes.place', { number: next + 1, count: all.length })}`)
}

/** @param {PastChange} change */
function go(change) {
  current.value = change
  change.go()
}

/** @param {Scene} scene @param {PastChange} change */
function sentence(scene, { state, author, text }) {
  const { name } = scene.lookOf(author)
  const shown = text.trim() || t(text ? 'history.change.space' : 'history.change.empty')
  return t(`history.change.${state}`, { name, text: shown })
}

/** @param {{ scene: Scene }} props */
export function ChangeList({ scene }) {
  if (scene.base.value === null) return html`<p class="hint">${t('history.compare.hint')}</p>
    <div class="row past-acts"><button class="button" type="button" onClick=${() => startComparing(scene)}>${t('history.compare')}</button></div>`
  const all = heard(scene)
  if (all.length === 0) return html`<p class="hint">${t('history.changes.none')}</p>`
  return html`
    <div class="row past-acts">
      <button class="button" type="button" aria-keyshortcuts="Shift+F7" onClick=${() => goToChange(scene, -1)}>${t('history.changes.previous')}</button>
      <button class="button" type="button" aria-keyshortcuts="F7" onClick=${() => goToChange(scene, 1)}>${t('history.changes.next')}</button>
    </div>
    <h2>${t('history.changes.count', { count: all.length })}</h2>
    <ol class="past-changes">${all.slice(0, LISTED).map((change, index) => html`<li key=${index}><${Entry} scene=${scene} change=${change} /></li>`)}</ol>
    ${all.length > LISTED && html`<p class="hint">${t('history.changes.more', { count: all.length - LISTED })}</p>`}`
}

/** @param {{ scene: Scene, change: PastChange }} props */
function Entry({ scene, change }) {
  const { hue, shape, name } = scene.lookOf(change.author)
  const text = change.text.trim() || t(change.text ? 'history.change.space' : 'history.change.empty')
  const shown = change.state === 'deleted' ? html`<del>${text}</del>` : change.state === 'inserted' ? html`<ins>${text}</ins>` : html`<span>${text}</span>`
  return html`<button class=${`past-change hue-${hue}`} type="button" aria-current=${current.value === change ? 'true' : undefined} onClick=${() => go(change)}>
    <span class="past-change-who"><i class=${`shape shape-${shape}`}></i> ${t(`history.change.${change.state}.short`, { name })}</span>
    <span class="past-change-text" dir="auto">${shown}</span>
  </button>`
}

/** With what was there a session ago. @param {Scene} scene */
export function startComparing(scene) {
  const starts = scene.sessions.value
  const from = starts.findLast(row => row <= scene.at.value) ?? 0
  scene.isPlaying.value = false
  scene.compareWith(from - 1)
  scene.panel.value = 'changes'
}

/** @param {Scene} scene */
export function stopComparing(scene) {
  scene.base.value = null
  scene.isSide.value = false
  current.value = null
  if (scene.panel.value === 'changes') scene.panel.value = null
}
