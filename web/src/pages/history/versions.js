// The versions of a document: a list to go by, naming the moment that is shown, naming anew and deleting.
import { html } from '../../../vendor/view.js'
import { explain } from '../../api/problems.js'
import { t } from '../../i18n/index.js'
import '../../i18n/history.js'
import { Dialog } from '../../ui/dialog.js'
import { toast } from '../../ui/toast.js'
import { askKept, isBeforeAll } from './bring_back.js'
import { when, whenRow } from './moments.js'

/** @typedef {import('./scene.js').Scene} Scene */
/** @typedef {import('../../api/history.js').Version} Version */

/** The longest name, in characters. */
const NAME_LONGEST = 80

/** @param {{ scene: Scene }} props */
export function VersionList({ scene }) {
  const { versions, at } = scene
  return html`
    <div class="row past-acts"><button class="button" type="button" onClick=${() => askName(scene)}>${t('history.name')}</button></div>
    ${versions.value.length === 0 && html`<p class="hint">${t('history.versions.none')}</p>`}
    <ol class="past-versions">${versions.value.map(version => {
      const row = scene.rowOf(version.seq)
      return html`<li key=${version.id} class="past-version">
        <button class="past-version-go" type="button" aria-current=${row === at.value ? 'true' : undefined} onClick=${() => (isBeforeAll(scene, version) ? askKept(scene, version) : scene.goTo(row))}>
          <span class="past-version-name">${version.name || t('history.version.automatic')}</span>
          <span class="hint">${when(version.time, { dateStyle: 'medium', timeStyle: 'short' })}${version.author.name && html` · <bdi>${version.author.name}</bdi>`}</span>
          ${isBeforeAll(scene, version) && html`<span class="hint">${t('history.kept')}</span>`}
          ${version.change && html`<span class="hint">${t('history.version.change', version.change)}</span>`}
        </button>
        <span class="person-acts">
          <button class="button" type="button" aria-label=${t('history.rename.of', { name: nameOf(version) })} onClick=${() => askName(scene, version)}>${t('history.rename')}</button>
          <button class="button" type="button" aria-label=${t('history.remove.of', { name: nameOf(version) })} onClick=${() => askRemove(scene, version)}>${t('history.remove')}</button>
        </span>
      </li>`
    })}</ol>`
}

/** @param {Version} version */
const nameOf = ({ name, time }) => name || when(time)

/** Asks for the name of the moment that is shown, or another for a version. @param {Scene} scene @param {Version} [version] */
export function askName(scene, version) {
  const seq = scene.index.value?.seqs[scene.at.value] ?? 0
  const title = version ? t('history.rename.of', { name: nameOf(version) }) : t('history.name')
  /** @param {SubmitEvent} event */
  const save = event => {
    const name = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('name')).trim()
    if (name) void change(scene, () => (version ? scene.api.renameVersion(version.id, name) : scene.api.nameVersion(name, seq)), version ? '' : t('history.named', { name }))
  }
  scene.overlay.value = () => html`<${Dialog} title=${title} onClose=${() => (scene.overlay.value = null)}>
    <form method="dialog" onSubmit=${save}>
      <p>${version ? when(version.time) : whenRow(scene, scene.at.value)}</p>
      <input class="field" name="name" aria-label=${t('history.name.field')} defaultValue=${version?.name ?? ''} maxlength=${NAME_LONGEST} required autofocus />
      <div class="row row-end"><button class="button button-main" type="submit">${t('common.save')}</button></div>
    </form>
  <//>`
}

/** @param {Scene} scene @param {Version} version */
function askRemove(scene, version) {
  const close = () => (scene.overlay.value = null)
  scene.overlay.value = () => html`<${Dialog} title=${t('history.remove.of', { name: nameOf(version) })} onClose=${close}>
    <p>${t('history.remove.detail')}</p>
    <form method="dialog" class="row row-end" onSubmit=${() => change(scene, () => scene.api.removeVersion(version.id), '')}>
      <button class="button" type="button" onClick=${close}>${t('common.cancel')}</button>
      <button class="button button-bad" type="submit">${t('history.remove')}</button>
    </form>
  <//>`
}

/** Does something to the versions and shows them anew. @param {Scene} scene @param {() => Promise<unknown>} act @param {string} said */
async function change(scene, act, said) {
  try {
    await act()
    scene.versions.value = await scene.api.versions()
    if (said) toast(said)
  } catch (error) {
    toast(explain(error))
  }
}
