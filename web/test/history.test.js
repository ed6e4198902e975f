// The past that a page shows against a plain replay of the raw updates by stock Yjs: text, structure, marks and authors at
// random moments, and what was inserted and deleted between two.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { indexOf } from '../src/history/index.js'
import { readPack } from '../src/history/pack.js'
import { Past } from '../src/history/past.js'
import { RichPast } from '../src/history/rich.js'
import { TextPast } from '../src/history/text.js'
import { authorsIn, charsOf, sorted, spread, stockAuthors, stockTree, textIn, treeOf } from './support/oracle.mjs'
import { PackWriter } from './support/pack_writer.mjs'
import { random, replay, typeTogether } from './support/typists.mjs'

/** @typedef {import('../src/history/rich.js').RichNode} RichNode */
/** @typedef {import('../src/history/moment.js').Shown} Shown */

/** A past of packs that follow each other. @param {import('./support/pack_writer.mjs').Entry[]} entries @param {number} packs */
function pastOf(entries, packs) {
  const writer = new PackWriter()
  const size = Math.ceil(entries.length / packs)
  const first = new Past(readPack(writer.write(entries.slice(0, size))))
  for (let at = size; at < entries.length; at += size) first.add(readPack(writer.write(entries.slice(at, at + size))))
  return first
}

/** @param {number} count @param {number} of @param {number} seed */
function someMoments(count, of, seed) {
  const next = random(seed)
  const moments = new Set([0, of - 1])
  while (moments.size < count) moments.add(Math.floor(next() * of))
  return moments
}

for (const [seed, packs] of [[1, 1], [2, 3], [3, 1]]) {
  test(`a text by three people is as a replay shows it, at 120 moments (${seed}, in ${packs} packs)`, () => {
    const entries = typeTogether({ kind: 'text', seed, edits: 1200 })
    const index = indexOf(pastOf(entries, packs))
    assert.equal(index.kind, 'markdown')
    const past = new TextPast(/** @type {any} */ (index))
    const nameOf = (/** @type {number} */ author) => index.users[author].name
    let before = { at: -1, base: /** @type {number | null} */ (null) }
    let shown = ''
    let count = 0
    /** @type {Map<number, string>} */
    const texts = new Map()
    replay(entries, someMoments(120, entries.length, seed), (at, doc, authorOf) => {
      const text = doc.getText('text')
      const now = { at, base: null }
      shown = applied(shown, past.changes(before, now))
      before = now
      texts.set(at, text.toString())
      assert.equal(shown, text.toString(), `after ${at}`)
      assert.equal(past.text(now), shown)
      assert.deepEqual(spread(past.runs(now), nameOf), charsOf(text, authorOf), `authors after ${at}`)
      count += 1
    })
    assert.equal(count, 120)
    compareTexts(past, texts, entries)
  })
}

/** @param {TextPast} past @param {Map<number, string>} texts @param {import('./support/pack_writer.mjs').Entry[]} entries */
function compareTexts(past, texts, entries) {
  const moments = [...texts.keys()]
  for (const [place, base] of moments.entries()) {
    const at = moments[Math.min(moments.length - 1, place + 7)]
    const shown = { at, base }
    const text = past.text(shown)
    const runs = past.runs(shown)
    const changed = TextPast.changed(runs, text)
    assert.equal(without(text, changed, 'deleted'), texts.get(at), `compared with ${base}, ${at} is in it`)
    assert.equal(without(text, changed, 'inserted'), texts.get(base), `compared with ${at}, ${base} is in it`)
  }
  assert.equal(past.text({ at: -1, base: null }), '')
  assert.equal(past.text({ at: entries.length - 1, base: -1 }), past.text({ at: entries.length - 1, base: null }))
}

/** @param {string} text @param {ReturnType<typeof TextPast.changed>} changed @param {string} state */
function without(text, changed, state) {
  return changed.filter(change => change.state === state).toReversed().reduce((rest, { from, to }) => rest.slice(0, from) + rest.slice(to), text)
}

/** @param {string} text @param {import('../src/history/text.js').Change[]} changes */
function applied(text, changes) {
  return changes.toReversed().reduce((rest, { from, to, insert }) => rest.slice(0, from) + insert + rest.slice(to), text)
}

for (const [seed, packs] of [[11, 1], [12, 4], [13, 1]]) {
  test(`a rich document by three people is as a replay shows it, at 120 moments (${seed}, in ${packs} packs)`, () => {
    const entries = typeTogether({ kind: 'rich', seed, edits: 1500 })
    const index = indexOf(pastOf(entries, packs))
    assert.equal(index.kind, 'rich')
    const past = new RichPast(/** @type {any} */ (index))
    const nameOf = (/** @type {number} */ author) => index.users[author].name
    /** @type {Map<number, { tree: any[], text: string, nodes: RichNode[] }>} */
    const seen = new Map()
    /** Trees by block and key, which must not change while the key is the same. @type {Map<string, string>} */
    const kept = new Map()
    replay(entries, someMoments(120, entries.length, seed), (at, doc, authorOf) => {
      const now = { at, base: null }
      const nodes = past.blocks(now).flatMap(({ block, id, key }) => {
        const tree = past.nodes(block, now)
        const before = kept.get(`${id} ${key}`) ?? JSON.stringify(tree)
        assert.equal(JSON.stringify(tree), before, `block ${block} is the same for as long as its key is`)
        kept.set(`${id} ${key}`, before)
        return tree
      })
      const fragment = doc.getXmlFragment('default')
      assert.deepEqual(treeOf(nodes), stockTree(fragment), `after ${at}`)
      assert.deepEqual(authorsIn(nodes, nameOf), stockAuthors(fragment, authorOf), `authors after ${at}`)
      seen.set(at, { tree: stockTree(fragment), text: textIn(nodes), nodes })
    })
    assert.equal(seen.size, 120)
    const moments = [...seen.keys()]
    for (const [place, base] of moments.entries()) {
      const shown = { at: moments[Math.min(moments.length - 1, place + 5)], base }
      const nodes = past.blocks(shown).flatMap(({ block }) => past.nodes(block, shown))
      assert.deepEqual(treeOf(only(nodes, 'deleted')), seen.get(shown.at)?.tree, `compared with ${base}, ${shown.at} is in it`)
      assert.equal(textIn(only(nodes, 'inserted')), seen.get(base)?.text, `compared with ${shown.at}, the text of ${base} is in it`)
      const [before, now] = [base, shown.at].map(moment => marksIn(seen.get(moment)?.nodes ?? []))
      assert.deepEqual(marksIn(nodes, ['kept', 'inserted', 'changed']), now)
      const compared = marksIn(only(nodes, 'inserted'))
      marksIn(only(nodes, 'inserted'), [], (state, place) => {
        // What is neither new nor changed looks as it did; what changed does not.
        if (state === 'changed') assert.notEqual(compared[place], before[place])
        else assert.equal(compared[place], before[place])
      })
    }
  })
}

/** The marks of each character in some states. @param {RichNode[]} nodes @param {string[]} [states] all when there is none @param {(state: string, place: number) => void} [each] @returns {string[]} */
function marksIn(nodes, states = [], each = () => {}) {
  /** @type {string[]} */
  const found = []
  const walk = (/** @type {RichNode[]} */ some) => {
    for (const node of some) {
      if (node.type !== 'text') walk(node.content)
      else if (states.length === 0 || states.includes(node.state)) {
        const marks = JSON.stringify(sorted(node.marks))
        for (const _ of node.text.split('')) each(node.state, found.push(marks) - 1)
      }
    }
  }
  walk(nodes)
  return found
}

/** Without what is in one state. @param {RichNode[]} nodes @param {string} state @returns {RichNode[]} */
function only(nodes, state) {
  return nodes.filter(node => node.state !== state).map(node => (node.type === 'text' ? node : { ...node, content: only(node.content, state) }))
}
