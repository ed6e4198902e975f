// A chart of one or two lines over time, drawn as SVG: for people who see it a crosshair that all charts share, for the
// others a sentence and a table of the same numbers.
import { html, useRef, useState } from '../../../vendor/view.js'
import { language, t } from '../../i18n/index.js'
import '../../i18n/server.js'
import { Icon } from '../../ui/icon.js'
import '../../ui/icons/things.js'
import { formatted, NOTHING, roundUp } from './format.js'

/** The drawing's own size; it is stretched to its box. */
const WIDTH = 600
const HEIGHT = 120
/** Rows of the table. */
const ROWS = 12

/** @typedef {import('./format.js').Unit} Unit */
/** @typedef {{ name: string, label: string }} Line */

/**
 * @param {object} props
 * @param {string} props.title
 * @param {Unit} props.unit
 * @param {Line[]} props.lines the first is drawn strongest
 * @param {import('./desk.js').Columns | null} props.columns
 * @param {{ value: number }} props.pointed
 */
export function Chart({ title, unit, lines, columns, pointed }) {
  const [isTable, setTable] = useState(false)
  const times = columns?.times ?? []
  const series = lines.map(({ name, label }) => ({ label, values: columns?.series[name] ?? [] }))
  const at = pointed.value >= 0 ? times.length - 1 - pointed.value : -1
  const shownAt = at >= 0 ? at : times.length - 1
  return html`<section class="chart">
    <div class="chart-head">
      <h3>${title}</h3>
      <button class="tool" type="button" aria-pressed=${isTable} aria-label=${t('server.table', { title })} title=${t('server.table', { title })} onClick=${() => setTable(!isTable)}><${Icon} name="viewList" /></button>
    </div>
    <dl class="chart-now" aria-hidden="true">
      ${series.map(({ label, values }, index) => html`<div class=${`line-${index}`}><dt>${label}</dt><dd>${formatted(values[shownAt], unit)}</dd></div>`)}
      <div class="chart-time">${times.length > 0 && clock(times[shownAt], columns?.step ?? 1)}</div>
    </dl>
    ${isTable ? html`<${Table} title=${title} unit=${unit} series=${series} times=${times} step=${columns?.step ?? 1} />` : html`<${Plot} title=${title} unit=${unit} series=${series} times=${times} at=${at} pointed=${pointed} />`}
  </section>`
}

/** @typedef {{ label: string, values: (number | null)[] }[]} Series */

/** @param {{ title: string, unit: Unit, series: Series, times: number[], at: number, pointed: { value: number } }} props */
function Plot({ title, unit, series, times, at, pointed }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null))
  const most = roundUp(Math.max(0, ...series.flatMap(({ values }) => values.map(it => it ?? 0))))
  const count = Math.max(times.length, 2)
  const x = (/** @type {number} */ index) => (index / (count - 1)) * WIDTH
  const point = (/** @type {PointerEvent} */ event) => {
    const { left, width } = /** @type {HTMLElement} */ (box.current).getBoundingClientRect()
    const share = Math.min(1, Math.max(0, (event.clientX - left) / width))
    if (times.length > 1) pointed.value = times.length - 1 - Math.round(share * (times.length - 1))
  }
  const step = (/** @type {KeyboardEvent} */ event) => {
    const by = { ArrowLeft: 1, ArrowRight: -1, PageUp: 60, PageDown: -60 }[event.key]
    if (event.key === 'Escape') pointed.value = -1
    if (by === undefined || times.length === 0) return
    event.preventDefault()
    pointed.value = Math.min(times.length - 1, Math.max(0, pointed.value + by))
  }
  return html`<div class="plot" ref=${box} role="img" tabindex="0" aria-label=${summary(title, unit, series)} onPointerMove=${point} onPointerLeave=${() => (pointed.value = -1)} onKeyDown=${step}>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      ${[0.5, 1].map(share => html`<line class="grid" x1="0" x2=${WIDTH} y1=${HEIGHT * (1 - share)} y2=${HEIGHT * (1 - share)} />`)}
      ${series.map(({ values }, index) => html`
        ${index === 0 && html`<path class="area" d=${path(values, x, most, true)} />`}
        <path class=${`line line-${index}`} d=${path(values, x, most, false)} />`)}
      ${at >= 0 && html`<line class="cross" x1=${x(at)} x2=${x(at)} y1="0" y2=${HEIGHT} />`}
    </svg>
    <span class="plot-most" aria-hidden="true">${times.length > 0 && formatted(most, unit)}</span>
  </div>`
}

/** The same numbers, fewer of them. @param {{ title: string, unit: Unit, series: Series, times: number[], step: number }} props */
function Table({ title, unit, series, times, step }) {
  const every = Math.max(1, Math.ceil(times.length / ROWS))
  const rows = times.map((time, index) => ({ time, index })).filter(({ index }) => (times.length - 1 - index) % every === 0).reverse()
  return html`<div class="chart-table" tabindex="0" role="region" aria-label=${title}><table>
    <thead><tr><th scope="col">${t('server.time')}</th>${series.map(({ label }) => html`<th scope="col">${label}</th>`)}</tr></thead>
    <tbody>${rows.map(({ time, index }) => html`<tr><th scope="row">${clock(time, step)}</th>${series.map(({ values }) => html`<td>${formatted(values[index], unit)}</td>`)}</tr>`)}</tbody>
  </table></div>`
}

/**
 * A line with gaps where nothing was measured, unless a neighbour was: a second without an edit says nothing about the
 * disk.
 * @param {(number | null)[]} values @param {(index: number) => number} x @param {number} most @param {boolean} isArea
 */
export function path(values, x, most, isArea) {
  /** @type {[number, number][]} */
  const points = values.flatMap((value, index) => (value === null ? [] : [/** @type {[number, number]} */ ([x(index), HEIGHT * (1 - Math.min(1, value / most))])]))
  if (points.length === 0) return ''
  const line = points.map(([left, top], index) => `${index === 0 ? 'M' : 'L'}${left.toFixed(1)} ${top.toFixed(1)}`).join('')
  return isArea ? `${line}L${points[points.length - 1][0].toFixed(1)} ${HEIGHT}L${points[0][0].toFixed(1)} ${HEIGHT}Z` : line
}

/** What the lines show, in a sentence. @param {string} title @param {Unit} unit @param {Series} series */
export function summary(title, unit, series) {
  const said = series.map(({ label, values }) => {
    const known = values.filter(it => it !== null)
    if (known.length === 0) return t('server.summary.nothing', { label })
    const values_ = { label, now: formatted(values.at(-1), unit), least: formatted(Math.min(...known), unit), most: formatted(Math.max(...known), unit) }
    return t(values_.now === NOTHING ? 'server.summary.range' : 'server.summary', values_)
  })
  return `${title}: ${said.join(' ')}`
}

/** @param {number} time @param {number} step seconds between two */
function clock(time, step) {
  return new Date(time).toLocaleTimeString(language.value, { hourCycle: 'h23', hour: '2-digit', minute: '2-digit', ...(step < 60 && { second: '2-digit' }) })
}
