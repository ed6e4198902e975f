// Plays a document's past frame by frame: in the time it took, without its long pauses, or as fast as can be seen.
import { effect } from '../../../vendor/view.js'
import { Scale } from '../../history/activity.js'

/** @typedef {import('./scene.js').Scene} Scene */

/** A pause is as long as this when it is played, in ms of the person who watches. */
const PAUSE = 2000
/** As fast as possible still takes so many frames. */
const FRAMES = 600

/** Plays while the scene says so; returns what ends that. @param {Scene} scene */
export function playWhenAsked(scene) {
  let frame = 0
  const stop = effect(() => {
    cancelAnimationFrame(frame)
    if (!scene.isPlaying.value) return
    const { index, speed } = scene
    const times = index.value?.times ?? []
    const isMax = speed.value === 'max'
    const factor = isMax ? 1 : Number(speed.value)
    const scale = new Scale(times, isMax ? 'edit' : 'time', PAUSE * factor)
    const perFrame = Math.max(1, Math.ceil(times.length / FRAMES))
    let place = scale.placeOf(scene.at.peek())
    let before = performance.now()
    const tick = (/** @type {number} */ now) => {
      place += isMax ? perFrame : Math.max(0, now - before) * factor
      before = now
      const row = scale.rowAt(place)
      if (row !== scene.at.peek()) show(scene, row)
      if (scene.at.peek() >= scene.last) scene.isPlaying.value = false
      else frame = requestAnimationFrame(tick)
    }
    frame = requestAnimationFrame(tick)
  })
  return () => {
    cancelAnimationFrame(frame)
    stop()
  }
}

/** Edits by muted people are passed over without being stopped at. @param {Scene} scene @param {number} row */
function show(scene, row) {
  const authors = scene.index.peek()?.authors
  const muted = scene.muted.peek()
  let heard = row
  while (heard < scene.last && authors && muted.has(authors[heard])) heard += 1
  scene.goTo(heard)
}

/** Starts from the beginning where there is nothing left to play. @param {Scene} scene */
export function togglePlaying(scene) {
  if (!scene.isPlaying.value && scene.at.value >= scene.last) scene.goTo(0)
  scene.isPlaying.value = !scene.isPlaying.value
}
