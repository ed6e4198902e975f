// The words people see: all of them come from the language tables, which are complete and hold nothing unused.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { test } from 'node:test'
import '../src/i18n/shell.js'
import '../src/i18n/shell_parts.js'
import { LANGUAGES, t } from '../src/i18n/index.js'
import { de } from '../src/i18n/de/index.js'
import { en } from '../src/i18n/en/index.js'

const web = new URL('../', import.meta.url)
const sources = readdirSync(new URL('src/', web), { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.js'))
  .map(file => ({ file, source: withoutComments(readFileSync(new URL(`src/${file}`, web), 'utf8')) }))
const modules = sources.filter(({ file }) => !/^i18n\/(?!index)/.test(file))
const pages = readdirSync(web).filter(file => file.endsWith('.html')).map(file => ({ file, source: readFileSync(new URL(file, web), 'utf8') }))
/** Attributes that people read or hear. */
const SPOKEN = 'aria-label|aria-description|aria-roledescription|aria-valuetext|title|alt|placeholder|data-tip'

/** Whole-line comments are all there are. @param {string} source */
function withoutComments(source) {
  return source.replace(/^\s*(\/\/|\/?\*).*$/gm, '')
}

/** The literal parts of every html`` template, expressions replaced by `\0`; templates within expressions too. @param {string} source @returns {string[]} */
function templatesIn(source) {
  /** @type {string[]} */
  const found = []
  for (let at = source.indexOf('html`'); at >= 0; at = source.indexOf('html`', at)) {
    const { text, end } = readTemplate(source, at + 5, found)
    found.push(text)
    at = end
  }
  return found
}

/** @param {string} source @param {number} at @param {string[]} found */
function readTemplate(source, at, found) {
  let text = ''
  while (source[at] !== '`') {
    if (source[at] === '\\') at++
    if (source.startsWith('${', at)) {
      const end = endOfExpression(source, at + 2)
      found.push(...templatesIn(source.slice(at + 2, end)))
      text += '\0'
      at = end + 1
    } else {
      text += source[at++]
    }
  }
  return { text, end: at + 1 }
}

/** @param {string} source @param {number} at */
function endOfExpression(source, at) {
  for (let depth = 0; ; at++) {
    if (source[at] === '`') at = readTemplate(source, at + 1, []).end - 1
    else if (source[at] === "'") at = source.indexOf("'", at + 1)
    else if (source[at] === '{') depth++
    else if (source[at] === '}' && depth-- === 0) return at
  }
}

/** What a template says by itself: text between tags, and spoken attributes. @param {string} template */
function saidBy(template) {
  const attributes = [...template.matchAll(new RegExp(`\\s(?:${SPOKEN})="([^"]*)"`, 'g'))].map(([, value]) => value)
  const text = template.replace(/<(?:"[^"]*"|[^>"])*>/g, '\0')
  return [...attributes, ...text.split('\0')].filter(part => /\p{L}/u.test(part))
}

test('no template says anything by itself', () => {
  assert.deepEqual(saidBy('<p class="a" title="Hello">Some \0 text</p>'), ['Hello', 'Some ', ' text'])
  assert.deepEqual(templatesIn("html`<a>${x ? html`<b>${'}'}</b>` : `no ${1}`}</a>`"), ['<b>\0</b>', '<a>\0</a>'])
  let count = 0
  for (const { file, source } of modules) {
    for (const template of templatesIn(source)) {
      assert.deepEqual(saidBy(template), [], `${file}: ${template}`)
      count++
    }
  }
  assert.ok(count > 50)
})

test('every language has every text, with the same values in it', () => {
  assert.deepEqual(Object.keys(LANGUAGES), ['en', 'de'])
  assert.deepEqual(Object.keys(de).sort(), Object.keys(en).sort())
  const values = (/** @type {string} */ text) => [...new Set(text.match(/\{\w+\}/g))].filter(value => value !== '{count}').sort()
  for (const [key, text] of Object.entries(en)) {
    assert.notEqual(text, '', key)
    assert.deepEqual(values(/** @type {Record<string, string>} */ (de)[key]), values(text), key)
  }
})

test('every text is used, and every text a page asks for is there', () => {
  const all = modules.map(({ source }) => source).join('\n')
  const patterns = patternsIn(all)
  const asked = new Set(pages.flatMap(({ source }) => [...source.matchAll(/data-t(?:-label)?="([^"]+)"/g)].map(([, key]) => key)))
  for (const key of asked) assert.ok(key in en, `a page asks for ${key}`)
  const isUsed = (/** @type {string} */ key) => asked.has(key) || all.includes(`'${key}'`) || patterns.some(pattern => pattern.test(key))
  assert.deepEqual(Object.keys(en).filter(key => !isUsed(key)), [])
})

/** Keys that are put together, such as `common.kind.${kind}`. @param {string} source */
function patternsIn(source) {
  return [...source.matchAll(/`([a-z][\w-]*\.[\w.${}()-]*\$\{[^`]*)`/gi)].map(([, key]) => new RegExp(`^${key.replace(/\$\{[^}]*\}/g, '\0').replace(/[.*+?()|[\]\\]/g, '\\$&').replaceAll('\0', '[\\w.-]+')}$`))
}

/** The modules that a module imports, and theirs. @param {string} file @param {Set<string>} [seen] */
function reach(file, seen = new Set()) {
  const source = sources.find(one => one.file === file)?.source
  if (source === undefined || seen.has(file)) return seen
  seen.add(file)
  for (const [, target] of source.matchAll(/^(?:import|\})[^\n]*?'(\.[^']+)'/gm)) reach(join(dirname(file), target), seen)
  return seen
}

test('texts come with the modules that say them', async () => {
  /** The ways into folders whose modules nobody else imports: what these bring, all of them have. @type {Record<string, string[]>} */
  const ways = { 'editor/rich/': ['editor/rich/index.js'], 'editor/text/': ['editor/text/markdown.js', 'editor/text/code.js'] }
  const outside = (/** @type {string} */ folder) => modules.filter(({ file }) => !file.startsWith(folder))
  for (const [folder, entries] of Object.entries(ways)) {
    for (const { file } of outside(folder)) assert.deepEqual([...reach(file)].filter(one => one.startsWith(folder)), [], file)
    assert.ok(entries.every(entry => modules.some(({ file }) => file === entry)))
  }
  let count = 0
  for (const table of readdirSync(new URL('src/i18n/en/', web)).filter(file => !['index.js', 'common.js'].includes(file))) {
    const texts = Object.assign({}, ...Object.values(await import(`../src/i18n/en/${table}`)))
    for (const { file, source } of modules) {
      const said = patternsIn([...source.matchAll(/\bt\(.*/g)].join('\n'))
      const key = Object.keys(texts).find(one => source.includes(`'${one}'`) || said.some(pattern => pattern.test(one)))
      if (!key) continue
      const openers = Object.entries(ways).find(([folder]) => file.startsWith(folder))?.[1] ?? []
      const has = (/** @type {string} */ one) => reach(one).has(`i18n/${table}`)
      assert.ok(has(file) || (openers.length > 0 && openers.every(has)), `${file} says ${key}, so it imports i18n/${table}`)
      count++
    }
  }
  assert.ok(count > 40)
})

test('texts take values and choose the form of a number', () => {
  assert.equal(t('shell.people.count', { count: 1 }), 'One person is here')
  assert.equal(t('shell.people.count', { count: 1200 }), '1,200 people are here')
  assert.equal(t('shell.people.jump', { name: 'Mia {count}' }), 'Jump to Mia {count}')
})
