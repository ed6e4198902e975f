// Icons: every one that is named is in a table, and the table comes with what names or draws it.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { test } from 'node:test'

const root = new URL('../src/', import.meta.url)
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.js'))
const sources = new Map(files.map(file => [file, readFileSync(new URL(file, root), 'utf8')]))
const tables = ['ui/icon.js', ...files.filter(file => file.startsWith('ui/icons/'))]

/** The names in a table. @param {string} file */
const namesIn = file => [...(sources.get(file) ?? '').matchAll(/^ {2}(?:'([\w-]+)'|(\w+)): '[Mm]/gm)].map(([, quoted, bare]) => quoted ?? bare)

/** The modules that a module imports, and theirs. @param {string} file @param {Set<string>} [seen] */
function reach(file, seen = new Set()) {
  if (!sources.has(file) || seen.has(file)) return seen
  seen.add(file)
  for (const [, target] of (sources.get(file) ?? '').matchAll(/^(?:import|\})[^\n]*?'(\.[^']+)'/gm)) reach(join(dirname(file), target), seen)
  return seen
}

/** Who brings the icons that a module only names. @param {string} file */
function bringers(file) {
  if (file.startsWith('editor/rich/')) return ['editor/rich/index.js']
  if (file.startsWith('editor/text/')) return ['editor/text/markdown.js', 'editor/text/code.js']
  if (file.startsWith('pages/document/')) return ['ui/menu.js', 'ui/palette.js']
  return [file]
}

test('every icon that is named is there, once', () => {
  const known = tables.flatMap(namesIn)
  assert.deepEqual(known.filter((name, index) => known.indexOf(name) !== index), [])
  let count = 0
  for (const [file, source] of sources) {
    for (const [, name] of source.matchAll(/(?:\bicon: |\$\{Icon\} name=|\bicon=)['"]([\w-]+)['"]/g)) {
      const table = tables.find(one => namesIn(one).includes(name))
      assert.ok(table, `${file} names ${name}`)
      const isBrought = reach(file).has(table) || table === 'ui/icon.js' || bringers(file).every(one => reach(one).has(table))
      assert.ok(isBrought, `${file} names ${name} of ${table}`)
      count++
    }
  }
  assert.ok(count > 60)
})

test('every icon is used', () => {
  const all = [...sources].filter(([file]) => !tables.includes(file)).map(([, source]) => source).join('\n')
  const isUsed = (/** @type {string} */ name) => all.includes(`'${name}'`) || all.includes(`"${name}"`) || (/^heading-\d$/.test(name) && all.includes('`heading-${'))
  assert.deepEqual(tables.flatMap(namesIn).filter(name => !isUsed(name)), [])
})
