// Opens the timeline of a document in an element, on a page of its own or over the document's page; wires loading, the view of
// the document, playing, keys and the address.
import { effect, html, render, untracked } from '../../../vendor/view.js'
import { openPast } from '../../editor/past.js'
import { RichPast } from '../../history/rich.js'
import { TextPast } from '../../history/text.js'
import { withStyles } from '../../ui/styles.js'
import { listChanges } from './changes.js'
import { listenToKeys } from './keys.js'
import { Loading } from './loading.js'
import { momentHash, readMoment } from './moments.js'
import { playWhenAsked } from './player.js'
import { Scene } from './scene.js'
import { Timeline } from './timeline.js'

/** An address is written after this quiet time, in ms: browsers allow few changes of it. */
const ADDRESS_AFTER = 300

/**
 * @param {HTMLElement} parent
 * @param {ConstructorParameters<typeof Scene>[0]} parts
 */
export async function openHistory(parent, parts) {
  await Promise.all([withStyles('parts', Promise.resolve()), withStyles('history', Promise.resolve())])
  const scene = new Scene(parts)
  render(html`<${Timeline} scene=${scene} onRetry=${() => loading.start()} />`, parent)
  const place = /** @type {HTMLElement} */ (parent.querySelector('[data-past]'))
  let epoch = ''
  const loading = new Loading(scene, () => {
    const { epoch: now } = /** @type {import('../../history/columns.js').Index} */ (scene.index.value)
    if (now === epoch) return goOn(scene)
    epoch = now
    startAt(scene)
    void openView(scene, place)
  })
  scene.follow = () => void loading.follow()
  const stops = [() => loading.stop(), listenToKeys(scene), playWhenAsked(scene), draw(scene), writeAddress(scene), readAddress(scene)]
  void loading.start()
  scene.api.versions().then(versions => (scene.versions.value = versions), () => {})
  return {
    scene,
    follow: () => loading.follow(),
    close() {
      for (const stop of stops) stop()
      scene.view.value?.destroy()
      render(html``, parent)
    },
  }
}

/** What the address names, else the newest moment. @param {Scene} scene */
function startAt(scene) {
  const named = readMoment(location.hash)
  scene.base.value = null
  scene.goTo(named ? scene.rowOf(named.at) : scene.last)
  if (!named || named.base === null) return
  scene.compareWith(scene.rowOf(named.base))
  listChanges(scene)
}

/** There is more of the past: who looks at the newest moment goes along. @param {Scene} scene */
function goOn(scene) {
  const { index, view, at, base, isPlaying } = scene
  if (!index.value) return
  const wasLast = scene.shownLast === at.value
  view.value?.update(index.value)
  if (wasLast && base.value === null && !isPlaying.value) scene.goTo(scene.last)
  scene.shownLast = scene.last
}

/** @param {Scene} scene @param {HTMLElement} place */
async function openView(scene, place) {
  scene.view.value?.destroy()
  scene.view.value = null
  scene.shownLast = scene.last
  const index = /** @type {import('../../history/columns.js').Index} */ (scene.index.value)
  if (scene.last < 0) return
  place.dataset.kind = index.kind
  const read = () => {
    const now = /** @type {any} */ (scene.index.value)
    return now.rich ? new RichPast(now) : new TextPast(now)
  }
  const view = await openPast(place, { index, lookOf: scene.lookOf }, read)
  if (scene.index.value?.epoch !== index.epoch) return view.destroy()
  view.update(index)
  scene.view.value = view
}

/** Shows the moment with the next frame, however often it changed. @param {Scene} scene */
function draw(scene) {
  let frame = 0
  const stop = effect(() => {
    const view = scene.view.value
    const shown = { at: scene.at.value, base: scene.base.value }
    if (!view || frame) return
    frame = requestAnimationFrame(() => {
      frame = 0
      const now = { at: scene.at.peek(), base: scene.base.peek() }
      view.show(now)
      if (scene.isPlaying.peek() || now.at !== shown.at) view.reveal()
      scene.changes.value = now.base === null || scene.isPlaying.peek() ? [] : view.changes()
    })
  })
  const stopSide = effect(() => {
    const { view, isSide, base } = scene
    const isOn = isSide.value && base.value !== null
    untracked(() => void view.value?.setSide?.(isOn))
  })
  return () => {
    cancelAnimationFrame(frame)
    stop()
    stopSide()
  }
}

/** The address names the moment, so that it can be copied and opened again. @param {Scene} scene */
function writeAddress(scene) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  const stop = effect(() => {
    const isHere = scene.view.value !== null && !scene.isPlaying.value
    const hash = momentHash(scene)
    clearTimeout(timer)
    if (isHere) timer = setTimeout(() => history.replaceState(history.state, '', hash), ADDRESS_AFTER)
  })
  return () => {
    clearTimeout(timer)
    stop()
  }
}

/** Somebody has put another moment into the address. @param {Scene} scene */
function readAddress(scene) {
  const read = () => scene.index.value && startAt(scene)
  addEventListener('hashchange', read)
  return () => removeEventListener('hashchange', read)
}
