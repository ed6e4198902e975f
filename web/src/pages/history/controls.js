// What plays and chooses: play and speed, the moment in words, comparing, and who is heard.
import { html } from '../../../vendor/view.js'
import { t } from '../../i18n/index.js'
import '../../i18n/history.js'
import { Icon } from '../../ui/icon.js'
import '../../ui/icons/past.js'
import { startComparing, stopComparing } from './changes.js'
import { whenRow, whichRow } from './moments.js'
import { togglePlaying } from './player.js'
import { SPEEDS } from './scene.js'
import { Strip, editsPerAuthor } from './strip.js'

/** @typedef {import('./scene.js').Scene} Scene */

/** @param {{ scene: Scene }} props */
export function Controls({ scene }) {
  const { index, problem } = scene
  if (!index.value) return problem.value ? null : html`<${Coming} />`
  if (scene.last < 0) return null
  return html`<section class="past-line" aria-label=${t('history.timeline')}>
    <div class="past-row">
      <${Playing} scene=${scene} />
      <${Moment} scene=${scene} />
      <${Comparing} scene=${scene} />
    </div>
    <${Strip} scene=${scene} />
    <${Legend} scene=${scene} />
  </section>`
}

/** Takes the room of the controls until they are there, so that nothing moves then. */
function Coming() {
  return html`<div class="past-line is-coming" aria-hidden="true">
    <div class="past-row"><span class="button"></span></div>
    <div class="past-strip"></div>
    <div class="past-legend"><span class="past-author"></span></div>
  </div>`
}

/** @param {{ scene: Scene }} props */
function Playing({ scene }) {
  const { isPlaying, speed } = scene
  const label = t(isPlaying.value ? 'history.pause' : 'history.play')
  return html`<div class="past-play">
    <button class="button-bare" type="button" aria-label=${t('history.previous')} data-tip=${t('history.previous')} aria-disabled=${String(scene.at.value <= 0)} onClick=${() => scene.step(-1)}><${Icon} name="stepBack" /></button>
    <button class="button button-main past-play-button" type="button" aria-label=${label} data-tip=${label} onClick=${() => togglePlaying(scene)}>${isPlaying.value ? html`<${Icon} name="pause" />` : html`<${Icon} name="play" />`}</button>
    <button class="button-bare" type="button" aria-label=${t('history.next')} data-tip=${t('history.next')} aria-disabled=${String(scene.at.value >= scene.last)} onClick=${() => scene.step(1)}><${Icon} name="stepOn" /></button>
    <select class="past-speed" aria-label=${t('history.speed')} onChange=${(/** @type {Event} */ { target }) => (speed.value = /** @type {any} */ (target).value)}>
      ${SPEEDS.map(one => html`<option key=${one} value=${one} selected=${one === speed.value}>${one === 'max' ? t('history.speed.max') : t('history.speed.times', { factor: Number(one) })}</option>`)}
    </select>
  </div>`
}

/** @param {{ scene: Scene }} props */
function Moment({ scene }) {
  const { at, base } = scene
  const { hue, shape } = scene.authorAt(at.value)
  return html`<div class="past-moment">
    <strong>${base.value !== null && html`<span class="past-from">${whenRow(scene, base.value)} – </span>`}${whenRow(scene, at.value)}</strong>
    <span class=${`past-which hue-${hue}`}><i class=${`shape shape-${shape}`}></i> ${whichRow(scene, at.value)}</span>
  </div>`
}

/** @param {{ scene: Scene }} props */
function Comparing({ scene }) {
  const { base, isSide, view } = scene
  const isOn = base.value !== null
  return html`<div class="past-compare">
    ${isOn && view.value?.setSide && html`<button class="button" type="button" aria-pressed=${String(isSide.value)} onClick=${() => (isSide.value = !isSide.value)}>${t('history.side')}</button>`}
    <button class="button" type="button" aria-pressed=${String(isOn)} onClick=${() => (isOn ? stopComparing(scene) : startComparing(scene))}><${Icon} name="compare" /> <span>${t(isOn ? 'history.compare.stop' : 'history.compare')}</span></button>
  </div>`
}

/** @param {{ scene: Scene }} props */
function Legend({ scene }) {
  const counts = editsPerAuthor(scene)
  if (counts.length === 0) return null
  return html`<ul class="past-legend" aria-label=${t('history.authors')}>${counts.map((count, author) => {
    const { hue, shape, name } = scene.lookOf(author)
    const isMuted = scene.muted.value.has(author)
    return html`<li key=${author} class=${`hue-${hue} ${isMuted ? 'is-muted' : ''}`}>
      <button class="past-author" type="button" aria-pressed=${String(!isMuted)} data-tip=${t(isMuted ? 'history.unmute' : 'history.mute', { name })} onClick=${() => scene.toggleMuted(author)}>
        <i class=${`shape shape-${shape}`}></i> <bdi>${name}</bdi> <span class="past-count">${t('history.edits', { count })}</span>
      </button>
      ${counts.length > 1 && html`<button class="past-only" type="button" aria-pressed=${String(scene.isSolo(author))} aria-label=${t('history.only.of', { name })} onClick=${() => scene.toggleSolo(author)}>${t('history.only')}</button>`}
    </li>`
  })}</ul>`
}
