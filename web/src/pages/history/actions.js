// What can be made of a moment: the document again, a new one, a file, a link; and how the line of time is measured.
import { html } from '../../../vendor/view.js'
import { MOMENT_FORMATS } from '../../api/history.js'
import { historyPathOf } from '../../device/names.js'
import { t } from '../../i18n/index.js'
import '../../i18n/history.js'
import '../../i18n/home.js'
import '../../i18n/shell.js'
import { Dialog } from '../../ui/dialog.js'
import '../../ui/icons/things.js'
import { toast } from '../../ui/toast.js'
import { beginAnew, bringBack } from './bring_back.js'
import { momentHash, whenRow } from './moments.js'
import { askName } from './versions.js'

/** @typedef {import('./scene.js').Scene} Scene */
/** @typedef {import('../../ui/menu.js').MenuItem} MenuItem */

/** @param {Scene} scene @returns {(MenuItem | null)[]} */
export function momentItems(scene) {
  const { measure, hasColours } = scene
  const seq = scene.index.value?.seqs[scene.at.value] ?? 0
  return [
    { id: 'name', label: t('history.name'), icon: 'rename', run: () => askName(scene) },
    { id: 'restore', label: t('history.restore.menu'), icon: 'restore', isDisabled: scene.at.value >= scene.last, run: () => askRestore(scene) },
    { id: 'copy', label: t('history.copy'), icon: 'copy', run: () => void beginAnew(scene, seq) },
    { id: 'export', label: t('history.export'), icon: 'export', items: MOMENT_FORMATS.map(format => ({ id: `export.${format}`, label: t(`home.export.${format}`), hint: `.${format}`, href: scene.api.exportUrl(seq, format), isFile: true })) },
    { id: 'link', label: t('history.link'), icon: 'link', run: () => copyMomentLink(scene) },
    null,
    { id: 'colours', label: t('history.colours'), isChecked: hasColours.value, run: () => (hasColours.value = !hasColours.value) },
    { id: 'measure', label: t('history.measure.edit'), isChecked: measure.value === 'edit', run: () => (measure.value = measure.value === 'edit' ? 'time' : 'edit') },
  ]
}

/** @param {Scene} scene */
export function askRestore(scene) {
  const close = () => (scene.overlay.value = null)
  const seq = scene.index.value?.seqs[scene.at.value] ?? 0
  scene.overlay.value = () => html`<${Dialog} title=${t('history.restore.title', { date: whenRow(scene, scene.at.value) })} onClose=${close}>
    <p>${t('history.restore.detail')}</p>
    <form method="dialog" class="row row-end" onSubmit=${() => bringBack(scene, seq, whenRow(scene, scene.at.value))}>
      <button class="button" type="button" onClick=${close}>${t('common.cancel')}</button>
      <button class="button button-main" type="submit" autofocus>${t('history.restore.menu')}</button>
    </form>
  <//>`
}

/** @param {Scene} scene */
async function copyMomentLink(scene) {
  try {
    await navigator.clipboard.writeText(location.origin + historyPathOf(scene.name) + momentHash(scene))
    toast(t('shell.link.copied'))
  } catch {
    toast(t('shell.link.failed'))
  }
}
