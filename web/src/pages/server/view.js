// The page of the server as a whole: how it is, tiles, charts, documents; or why it is not shown.
import { html, useEffect, useState } from '../../../vendor/view.js'
import { t } from '../../i18n/index.js'
import '../../i18n/home.js'
import '../../i18n/server.js'
import { inApp } from '../../mount/index.js'
import { signInAddress } from '../../mount/sign_in.js'
import { Chart } from './chart.js'
import { bytes, formatted, lasted } from './format.js'
import { Documents, Sessions } from './tables.js'

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./desk.js').Span} Span */

/** @type {readonly { label: Parameters<typeof t>[0], name: string, unit: import('./format.js').Unit }[]} */
const TILES = [
  { label: 'server.tile.documents', name: 'documents', unit: 'count' },
  { label: 'server.tile.people', name: 'sessions', unit: 'count' },
  { label: 'server.tile.in', name: 'updates_in', unit: 'rate' },
  { label: 'server.tile.out', name: 'updates_out', unit: 'rate' },
  { label: 'server.tile.delivery', name: 'delivery_p50', unit: 'seconds' },
  { label: 'server.tile.unsaved', name: 'unsaved', unit: 'count' },
]

/** @type {readonly { title: Parameters<typeof t>[0], unit: import('./format.js').Unit, lines: [string, Parameters<typeof t>[0]][] }[]} */
const CHARTS = [
  { title: 'server.chart.updates', unit: 'rate', lines: [['updates_out', 'server.out'], ['updates_in', 'server.in']] },
  { title: 'server.chart.people', unit: 'count', lines: [['connections', 'server.connections'], ['behind', 'server.behind']] },
  { title: 'server.chart.delivery', unit: 'seconds', lines: [['delivery_p99', 'server.p99'], ['delivery_p50', 'server.p50']] },
  { title: 'server.chart.sync', unit: 'seconds', lines: [['sync_p99', 'server.p99'], ['sync_p50', 'server.p50']] },
  { title: 'server.chart.bytes', unit: 'byteRate', lines: [['bytes_out', 'server.out'], ['bytes_in', 'server.in']] },
  { title: 'server.chart.memory', unit: 'bytes', lines: [['memory', 'server.memory']] },
  { title: 'server.chart.cpu', unit: 'share', lines: [['cpu', 'server.cpu']] },
  { title: 'server.chart.failures', unit: 'rate', lines: [['failures', 'server.failures']] },
]

/** @type {Span[]} */
const SPANS = ['10m', '1h', '24h']

/** @param {{ desk: Desk }} props */
export function ServerPage({ desk }) {
  if (desk.state.value === 'denied') return html`<${Denied} desk=${desk} />`
  const isLost = desk.state.value === 'lost'
  return html`
    <${Head} desk=${desk} />
    <main id="main" class=${isLost ? 'is-lost' : ''} aria-busy=${desk.state.value === 'loading'}>
      ${isLost && html`<${Lost} desk=${desk} />`}
      <${Troubles} desk=${desk} />
      <dl class="tiles">${TILES.map(({ label, name, unit }) => html`<div class="tile" key=${name}><dt>${t(label)}</dt><dd>${formatted(desk.now.value[name], unit)}</dd></div>`)}</dl>
      <div class="block-head"><h2>${t('server.lately')}</h2><span class="grow"></span><${Spans} desk=${desk} /></div>
      <div class="charts">${CHARTS.map(({ title, unit, lines }) => html`<${Chart} key=${title} title=${t(title)} unit=${unit} lines=${lines.map(([name, label]) => ({ name, label: t(label) }))} columns=${desk.columns.value} pointed=${desk.pointed} />`)}</div>
      <div class="block-head"><h2>${t('server.documents')}</h2></div>
      <${Documents} desk=${desk} />
      <div class="block-head"><h2>${t('server.behind')}</h2></div>
      <${Sessions} desk=${desk} sessions=${desk.behind.value} withDocument />
      <${Facts} desk=${desk} />
    </main>
  `
}

/** @param {{ desk: Desk }} props */
function Head({ desk }) {
  const about = desk.about.value
  const state = { loading: t('server.loading'), live: t('server.live'), lost: t('server.lost'), denied: '' }[desk.state.value]
  const name = html`<img src=${inApp('/icon.svg')} alt="" width="28" height="28" /><span>${t('home.brand')}</span>`
  return html`<header class="top">
    ${about?.documents_here ? html`<a class="wordmark" href=${inApp('/')}>${name}</a>` : html`<span class="wordmark">${name}</span>`}
    <h1>${t('server.title')}</h1>
    <span class=${`pulse pulse-${desk.state.value}`} role="status">${state}</span>
    <span class="grow"></span>
    ${about && html`<span class="faint about-line">${t('server.version', { version: about.version })}</span><a class="act" href=${inApp('/metrics')}>${t('server.metrics')}</a>`}
  </header>`
}

/** How long nothing was heard, counted on: for eyes, as the head of the page says aloud that it is lost. @param {{ desk: Desk }} props */
function Lost({ desk }) {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  const count = Math.max(0, Math.round((now - desk.heard.value) / 1000))
  return html`<p class="banner">${t('server.last', { count })}</p>`
}

/** What an operator should look at. @param {{ desk: Desk }} props */
function Troubles({ desk }) {
  const about = desk.about.value
  if (!about) return null
  const said = [...(about.writable ? [] : [t('server.unwritable')]), ...(about.damaged > 0 ? [t('server.damaged', { count: about.damaged })] : []), ...about.warnings]
  return said.map(text => html`<p class="banner banner-bad" key=${text}>${text}</p>`)
}

/** @param {{ desk: Desk }} props */
function Spans({ desk }) {
  const labels = { '10m': t('server.span.10m'), '1h': t('server.span.1h'), '24h': t('server.span.24h') }
  return html`<div class="spans" role="group" aria-label=${t('server.span')}>${SPANS.map(span => html`<button class="act" type="button" key=${span} aria-pressed=${desk.span.value === span} onClick=${() => desk.choose(span)}>${labels[span]}</button>`)}</div>`
}

/** What changes slowly. @param {{ desk: Desk }} props */
function Facts({ desk }) {
  const about = desk.about.value
  if (!about) return null
  const refused = Object.values(about.totals.refused).reduce((sum, count) => sum + count, 0)
  const facts = [
    [t('server.fact.runs'), lasted((about.now - about.started) / 1000)],
    [t('server.fact.journal'), bytes(about.store.journal ?? 0)],
    [t('server.fact.archive'), bytes(about.store.archive ?? 0)],
    [t('server.fact.index'), bytes(about.store.index ?? 0)],
    [t('server.fact.free'), about.disk_free > 0 ? bytes(about.disk_free) : formatted(null, 'count')],
    [t('server.fact.refused'), formatted(refused, 'count')],
    [t('server.fact.behind'), formatted(about.totals.fell_behind, 'count')],
    [t('server.fact.disk'), formatted(about.totals.journal_failures, 'count')],
  ]
  return html`<div class="block-head"><h2>${t('server.facts')}</h2></div><dl class="facts">${facts.map(([label, value]) => html`<div key=${label}><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`
}

/** Who may not look is told so, and where to sign in if that helps. @param {{ desk: Desk }} props */
function Denied({ desk }) {
  const isUnknown = desk.problem.value?.status === 401
  const signIn = isUnknown ? signInAddress() : null
  return html`<main id="main" class="denied">
    <p class="denied-code" aria-hidden="true">${isUnknown ? 401 : 403}</p>
    <h1>${t('server.denied')}</h1>
    <p>${t(isUnknown ? 'server.denied.unknown' : 'server.denied.known')}</p>
    <p class="denied-ways">${signIn && html`<a class="button button-main" href=${signIn}>${t('server.denied.signin')}</a>`}<a class="button" href=${inApp('/')}>${t('server.denied.home')}</a></p>
  </main>`
}
