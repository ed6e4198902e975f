// The line of time: how much each author wrote when, with the versions, and the thumbs that choose one moment or two.
import { html, useEffect, useRef } from '../../../vendor/view.js'
import { buckets } from '../../history/activity.js'
import { settings } from '../../device/settings.js'
import { t } from '../../i18n/index.js'
import '../../i18n/history.js'
import { whenRow, whichRow } from './moments.js'

/** @typedef {import('./scene.js').Scene} Scene */

/** Width of one bar with the gap behind it, in px. */
const BAR = 5
/** Half the width of a thumb: moments lie between the middles of its outermost places. */
const THUMB = 10

/** @param {{ scene: Scene }} props */
export function Strip({ scene }) {
  const { scale, at, base, index, versions } = scene
  const length = Math.max(1, scale.value.length)
  const part = (/** @type {number} */ row) => `${(scale.value.placeOf(row) / length) * 100}%`
  const from = base.value === null ? '0%' : part(base.value)
  const set = (/** @type {(row: number) => void} */ choose) => (/** @type {InputEvent} */ { target }) => {
    scene.isPlaying.value = false
    choose(scale.value.rowAt(Number(/** @type {HTMLInputElement} */ (target).value)))
  }
  const marks = index.value ? versions.value.map(version => ({ version, row: scene.rowOf(version.seq) })).filter(({ row }) => row >= 0) : []
  return html`<div class=${`past-strip ${base.value === null ? '' : 'is-comparing'}`} style=${`--from: ${from}; --to: ${part(at.value)}; --thumb: ${THUMB}px`}>
    <${Activity} scene=${scene} />
    <div class="past-flags" aria-hidden="true">${marks.map(({ version, row }) => html`<i key=${version.id} class=${version.automatic ? 'past-flag is-automatic' : 'past-flag'} style=${`--place: ${part(row)}`}></i>`)}</div>
    <div class="past-rail" aria-hidden="true"></div>
    <input class="past-thumb" type="range" min="0" max=${length} step="any" value=${scale.value.placeOf(at.value)} onInput=${set(row => scene.goTo(row))}
      aria-label=${t('history.moment')} aria-valuetext=${`${whenRow(scene, at.value)}, ${whichRow(scene, at.value)}`} />
    ${base.value !== null && html`<input class="past-thumb past-thumb-base" type="range" min="0" max=${length} step="any" value=${scale.value.placeOf(base.value)} onInput=${set(row => scene.compareWith(row))}
      aria-label=${t('history.compare.with')} aria-valuetext=${`${whenRow(scene, base.value)}, ${whichRow(scene, base.value)}`} onKeyDown=${(/** @type {KeyboardEvent} */ event) => moveBase(scene, event)} />`}
  </div>`
}

/** The keys of the other thumb. @param {Scene} scene @param {KeyboardEvent} event */
function moveBase(scene, event) {
  /** @type {Record<string, number>} */
  const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -100, PageDown: 100, Home: -Infinity, End: Infinity }
  const step = steps[event.key]
  if (step === undefined || event.shiftKey) return
  event.preventDefault()
  scene.compareWith((scene.base.value ?? 0) + step)
}

/** @param {{ scene: Scene }} props */
function Activity({ scene }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null))
  const { index, scale, muted } = scene
  const theme = settings.theme.value
  useEffect(() => {
    const draw = () => canvas.current && index.value && paint(canvas.current, scene)
    draw()
    const sizes = new ResizeObserver(draw)
    if (canvas.current) sizes.observe(canvas.current)
    const dark = matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', draw)
    return () => {
      sizes.disconnect()
      dark.removeEventListener('change', draw)
    }
  }, [index.value, scale.value, muted.value, theme])
  return html`<canvas class="past-activity" ref=${canvas} role="img" aria-label=${summary(scene)}></canvas>`
}

/** What the strip shows, as a sentence. @param {Scene} scene */
function summary(scene) {
  const counts = editsPerAuthor(scene)
  const list = counts.map((count, author) => t('history.activity.author', { name: scene.lookOf(author).name, count })).join(', ')
  return t('history.activity', { count: scene.sessions.value.length, list })
}

/** @param {Scene} scene @returns {number[]} */
export function editsPerAuthor({ index }) {
  const counts = (index.value?.users ?? []).map(() => 0)
  for (const author of index.value?.authors ?? []) counts[author] += 1
  return counts
}

/** @param {HTMLCanvasElement} canvas @param {Scene} scene */
function paint(canvas, scene) {
  const index = /** @type {import('../../history/columns.js').Index} */ (scene.index.value)
  const { clientWidth: width, clientHeight: height } = canvas
  const pen = canvas.getContext('2d')
  if (!pen || width === 0) return
  canvas.width = width * devicePixelRatio
  canvas.height = height * devicePixelRatio
  pen.scale(devicePixelRatio, devicePixelRatio)
  const inner = width - 2 * THUMB
  const count = Math.max(1, Math.floor(inner / BAR))
  const parts = buckets(index, scene.scale.value, count)
  const colours = index.users.map((_, author) => (scene.muted.value.has(author) ? colourOf(canvas, 'past-muted') : colourOf(canvas, `hue-${scene.lookOf(author).hue}`)))
  const sums = Array.from({ length: count }, (_, part) => parts.reduce((sum, author) => sum + author[part], 0))
  // One great paste does not make all else invisible.
  const most = Math.sqrt(Math.max(...sums, 1))
  for (let part = 0; part < count; part += 1) {
    const tall = sums[part] === 0 ? 0 : Math.max(2, (Math.sqrt(sums[part]) / most) * (height - 2))
    let bottom = height
    parts.forEach((author, who) => {
      const own = sums[part] === 0 ? 0 : (author[part] / sums[part]) * tall
      pen.fillStyle = colours[who]
      pen.fillRect(THUMB + (part * inner) / count, bottom - own, inner / count - 1, own)
      bottom -= own
    })
  }
}

/** The colour of a class in the theme of the moment. @param {HTMLElement} near @param {string} look */
function colourOf(near, look) {
  const probe = document.createElement('i')
  probe.className = look
  probe.style.color = 'var(--person)'
  near.parentElement?.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
