// Bringing back what a moment said, into the document or as a new one; also of a version whose surroundings are no longer kept.
import { html } from '../../../vendor/view.js'
import { explain } from '../../api/problems.js'
import { pathOf } from '../../device/names.js'
import { t } from '../../i18n/index.js'
import '../../i18n/history.js'
import '../../i18n/home.js'
import { Dialog } from '../../ui/dialog.js'
import { toast } from '../../ui/toast.js'
import { when } from './moments.js'

/** @typedef {import('./scene.js').Scene} Scene */
/** @typedef {import('../../api/history.js').Version} Version */

/** Makes the document what it was. @param {Scene} scene @param {number} seq @param {string} date in words */
export async function bringBack(scene, seq, date) {
  try {
    await scene.api.restore(seq)
    toast(t('history.restored', { date }))
    scene.onLeave()
  } catch (error) {
    toast(explain(error))
  }
}

/** Makes a new document of what it was. @param {Scene} scene @param {number} seq */
export async function beginAnew(scene, seq) {
  const title = scene.index.value?.title ?? ''
  try {
    const { name } = await scene.api.copy(seq, title && t('home.copyOf', { title }))
    toast(t('home.duplicated'), { label: t('home.menu.open'), run: () => location.assign(pathOf(name)) })
  } catch (error) {
    toast(explain(error))
  }
}

/** Whether a version is from before the beginning that is kept. @param {Scene} scene @param {Version} version */
export function isBeforeAll(scene, version) {
  return version.seq < (scene.index.value?.floor ?? 0)
}

/** What can be done with a version that the timeline cannot show. @param {Scene} scene @param {Version} version */
export function askKept(scene, version) {
  const date = when(version.time)
  /** @param {() => Promise<void>} act */
  const then = act => () => {
    scene.overlay.value = null
    void act()
  }
  scene.overlay.value = () => html`<${Dialog} title=${version.name || date} onClose=${() => (scene.overlay.value = null)}>
    <p>${t('history.kept.detail', { date })}</p>
    <form method="dialog" class="row row-end">
      <button class="button" type="button" onClick=${then(() => beginAnew(scene, version.seq))}>${t('history.copy')}</button>
      <button class="button button-main" type="button" autofocus onClick=${then(() => bringBack(scene, version.seq, date))}>${t('history.restore')}</button>
    </form>
  <//>`
}
