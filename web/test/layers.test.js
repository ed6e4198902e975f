// The import rule of README.md, held by reading every module: lower layers only, and features apart.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'

/** @type {Record<string, string[]>} */
const MAY_IMPORT = {
  pages: ['pages', 'history', 'editor', 'home', 'presence', 'sync', 'api', 'device', 'ui', 'i18n', 'mount', 'vendor'],
  editor: ['editor', 'history', 'sync', 'api', 'device', 'ui', 'i18n', 'mount', 'vendor'],
  home: ['home', 'sync', 'api', 'device', 'ui', 'i18n', 'mount', 'vendor'],
  presence: ['presence', 'sync', 'api', 'device', 'ui', 'i18n', 'mount', 'vendor'],
  history: ['history', 'sync', 'mount', 'vendor'],
  sync: ['sync', 'vendor'],
  api: ['api', 'sync', 'i18n', 'mount', 'vendor'],
  device: ['device', 'i18n', 'mount', 'vendor'],
  ui: ['ui', 'i18n', 'mount', 'vendor'],
  i18n: ['i18n', 'vendor'],
  mount: ['mount'],
}
const root = new URL('../src/', import.meta.url)

/** @param {string} layer */
const modules = layer =>
  readdirSync(new URL(layer, root), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.js'))
    .map(file => ({ file: `${layer}/${file}`, source: readFileSync(new URL(`${layer}/${file}`, root), 'utf8') }))

test('modules import lower layers only', () => {
  assert.deepEqual(readdirSync(root).sort(), Object.keys(MAY_IMPORT).sort())
  let count = 0
  for (const [layer, allowed] of Object.entries(MAY_IMPORT)) {
    for (const { file, source } of modules(layer)) {
      for (const [, target] of source.matchAll(/^(?:import|export|\})[^\n]*?'(\.[^']+)'/gm)) {
        const to = new URL(target, new URL(file, 'file:///src/')).pathname.replace('/src/', '').replace(/^\//, '').split('/')[0]
        assert.ok(allowed.includes(to), `${file} imports ${target}`)
        count++
      }
    }
  }
  assert.ok(count > 20)
})

test('sync and history use nothing of the DOM, so that they run anywhere', () => {
  for (const { file, source } of [...modules('sync'), ...modules('history')]) {
    assert.doesNotMatch(source, /\b(document|window|localStorage|addEventListener|navigator)\.\w/, file)
  }
})

test('every module opens with a comment that says what it is', () => {
  for (const layer of Object.keys(MAY_IMPORT)) {
    for (const { file, source } of modules(layer)) {
      assert.match(source, /^\/\/ [A-Z]/, file)
      assert.ok(source.split('\n').length <= 300, `${file} is long`)
    }
  }
})
