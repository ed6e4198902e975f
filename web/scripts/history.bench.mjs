// Measures the past of long documents: a text of 260 000 edits, made of recorded typing end to end, and a rich document of
// 40 000 characters in 12 000 edits. `node scripts/history.bench.mjs [folder of traces]`; without traces text is typed by dice.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gunzipSync } from 'node:zlib'
import { Y } from '../vendor/core.js'
import { ChangeSet, EditorState } from '../vendor/text.js'
import { indexOf } from '../src/history/index.js'
import { readPack } from '../src/history/pack.js'
import { Past } from '../src/history/past.js'
import { RichPast } from '../src/history/rich.js'
import { TextPast } from '../src/history/text.js'
import { PackWriter } from '../test/support/pack_writer.mjs'
import { random, typeTogether } from '../test/support/typists.mjs'

const EDITS = 260_000
const RICH_EDITS = 12_000
const RICH_CHARACTERS = 40_000

/** @typedef {import('../test/support/pack_writer.mjs').Entry} Entry */

/** Recorded typing, end to end until there is enough. @param {string} folder @returns {Entry[]} */
function traced(folder) {
  const traces = readdirSync(folder).filter(file => file.endsWith('.json.gz')).map(file => JSON.parse(gunzipSync(readFileSync(join(folder, file))).toString())).filter(trace => !trace.txns[0].parents)
  return typed(function* () {
    for (;;) {
      for (const { txns } of traces) for (const { patches } of txns) for (const patch of patches) yield /** @type {[number, number, string]} */ (patch)
    }
  })
}

/** @returns {Entry[]} */
function diced() {
  const next = random(5)
  return typed(function* () {
    for (;;) yield /** @type {[number, number, string]} */ ([Math.floor(next() * 1e6), next() < 0.2 ? 1 : 0, 'abcdefgh '[Math.floor(next() * 9)]])
  })
}

/** Applies patches, each trace in front of those before it. @param {() => Generator<[number, number, string]>} patches @returns {Entry[]} */
function typed(patches) {
  const doc = new Y.Doc()
  const text = doc.getText('text')
  /** @type {Entry[]} */
  const entries = []
  let time = Date.UTC(2026, 0, 5)
  doc.on('update', update => entries.push({ seq: entries.length + 1, time: (time += 150), author: { kind: 'claimed', id: 'mia', name: 'Mia' }, update }))
  doc.getMap('meta').set('kind', 'code')
  for (const [at, deleted, inserted] of patches()) {
    doc.transact(() => {
      const place = Math.min(at, text.length)
      text.delete(place, Math.min(deleted, text.length - place))
      text.insert(place, inserted)
    })
    if (entries.length >= EDITS) return entries
  }
  return entries
}

/** @param {number[]} times */
function quantiles(times) {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (/** @type {number} */ part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))].toFixed(2)
  return `median ${at(0.5)} ms, 95 % ${at(0.95)} ms, longest ${at(1)} ms`
}

/** @template T @param {() => T} run @returns {[T, number]} */
function timed(run) {
  const start = performance.now()
  const result = run()
  return [result, performance.now() - start]
}

/** @param {Uint8Array} bytes */
function read(bytes) {
  const [pack, reading] = timed(() => readPack(bytes))
  const [past, applying] = timed(() => new Past(pack))
  const [index, indexing] = timed(() => indexOf(past))
  const packed = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }).length
  console.log(`  pack ${bytes.length} bytes, ${packed} in brotli 5; read ${reading.toFixed(0)} ms, document ${applying.toFixed(0)} ms, index ${indexing.toFixed(0)} ms, together ${(reading + applying + indexing).toFixed(0)} ms`)
  return index
}

/** @param {Entry[]} entries */
function measureText(entries) {
  const bytes = new PackWriter().write(entries)
  console.log(`text, ${entries.length} edits`)
  read(bytes)
  const index = read(bytes)
  const past = new TextPast(/** @type {any} */ (index))
  let state = EditorState.create({ doc: '' })
  let before = { at: -1, base: null }
  const go = (/** @type {number} */ at) => timed(() => {
    const now = { at, base: null }
    const changes = past.changes(before, now)
    past.runs(now)
    state = state.update({ changes: ChangeSet.of(changes, state.doc.length) }).state
    before = now
  })[1]
  const next = random(7)
  go(entries.length >> 1)
  console.log(`  pieces ${index.text?.born.length}; jump: ${quantiles(Array.from({ length: 200 }, () => go(Math.floor(next() * entries.length))))}`)
  go(entries.length >> 1)
  console.log(`  step: ${quantiles(Array.from({ length: 400 }, (_, step) => go((entries.length >> 1) + step)))}`)
}

function measureRich() {
  const entries = richEntries()
  console.log(`rich document, ${entries.length} edits`)
  const bytes = new PackWriter().write(entries)
  read(bytes)
  const index = read(bytes)
  const past = new RichPast(/** @type {any} */ (index))
  /** @type {Map<string, { key: string }>} */
  const kept = new Map()
  const go = (/** @type {number} */ at) => timed(() => {
    const now = { at, base: null }
    for (const { block, id, key } of past.blocks(now)) {
      if (kept.get(id)?.key === key) continue
      past.nodes(block, now)
      kept.set(id, { key })
    }
  })[1]
  const next = random(9)
  console.log(`  blocks ${past.blocks({ at: entries.length - 1, base: null }).length}; jump: ${quantiles(Array.from({ length: 200 }, () => go(Math.floor(next() * entries.length))))}`)
  go(entries.length >> 1)
  console.log(`  step: ${quantiles(Array.from({ length: 400 }, (_, step) => go((entries.length >> 1) + step)))}`)
}

/** Three people, then one who makes it as long as it shall be. @returns {Entry[]} */
function richEntries() {
  const entries = typeTogether({ kind: 'rich', seed: 21, edits: RICH_EDITS - 4000 })
  const doc = new Y.Doc()
  for (const { update } of entries) Y.applyUpdate(doc, update)
  doc.clientID = 2000
  let { seq, time, author } = entries[entries.length - 1]
  doc.on('update', update => entries.push({ seq: (seq += 1), time: (time += 200), author, update }))
  const fragment = doc.getXmlFragment('default')
  const words = 'The river came early this year and nobody was ready for it. '
  const length = () => fragment.toString().replace(/<[^>]*>/g, '').length
  const missing = RICH_CHARACTERS - length()
  for (let edit = 0; edit < 4000; edit += 1) {
    if (edit % 100 === 0) {
      const paragraph = new Y.XmlElement('paragraph')
      paragraph.insert(0, [new Y.XmlText('')])
      fragment.insert(fragment.length, [paragraph])
    } else {
      const text = /** @type {Y.XmlText} */ (/** @type {Y.XmlElement} */ (fragment.get(fragment.length - 1)).get(0))
      text.insert(text.length, words.repeat(9).slice(0, Math.max(1, Math.ceil(missing / 3960))))
    }
  }
  return entries
}

const [folder] = process.argv.slice(2)
measureText(folder ? traced(folder) : diced())
measureRich()
