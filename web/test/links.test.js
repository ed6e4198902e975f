// Links in the guides: every relative one leads to a file that is there, and to a heading that the file has.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'

const ROOT = resolve(import.meta.dirname, '../..')
const FOREIGN = new Set(['node_modules', 'target', '.git'])

/** All Markdown files of the repository. @param {string} folder @returns {Promise<string[]>} */
async function guides(folder) {
  const entries = await readdir(folder, { withFileTypes: true })
  const found = await Promise.all(entries.filter(({ name }) => !FOREIGN.has(name)).map(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return guides(path)
    return entry.name.endsWith('.md') ? [path] : []
  }))
  return found.flat()
}

/** Text without code, in which nothing is a link or a heading. @param {string} text */
const prose = text => text.replace(/^```[^]*?^```/gm, '').replace(/`[^`\n]*`/g, code => code.slice(1, -1).replace(/[[\]]/g, ''))

/** What a heading is called in an address. @param {string} heading */
const slug = heading => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')

/** What is wrong with the links of a guide. @param {string} text @param {(target: string) => string | null} read gives what a file holds, null where there is none */
function brokenLinks(text, read) {
  const targets = [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
  return targets.filter(target => {
    if (/^[a-z]+:/.test(target)) return false
    const [path, heading] = target.split('#')
    const there = path === '' ? text : read(path)
    if (there === null) return true
    return heading !== undefined && ![...prose(there).matchAll(/^#+ (.*)$/gm)].some(([, title]) => slug(title) === heading)
  })
}

test('every relative link of the guides leads somewhere', async () => {
  const paths = await guides(ROOT)
  assert.ok(paths.includes(join(ROOT, 'docs/README.md')))
  const texts = new Map(await Promise.all(paths.map(async path => /** @type {const} */ ([path, await readFile(path, 'utf8')]))))
  const broken = [...texts].flatMap(([path, text]) => brokenLinks(text, target => {
    const there = resolve(dirname(path), target)
    return texts.get(there) ?? (existsSync(there) ? '' : null)
  }).map(target => `${relative(ROOT, path)}: ${target}`))
  assert.deepEqual(broken, [])
})

test('every guide can be found from the list of guides, and that from the README', async () => {
  const list = await readFile(join(ROOT, 'docs/README.md'), 'utf8')
  const missing = (await readdir(join(ROOT, 'docs'))).filter(name => name.endsWith('.md') && name !== 'README.md' && !list.includes(`](${name})`))
  assert.deepEqual(missing, [])
  assert.match(await readFile(join(ROOT, 'README.md'), 'utf8'), /\]\(docs\/README\.md\)/)
})

test('a link that leads nowhere is found', () => {
  const read = (/** @type {string} */ path) => (path === 'there.md' ? '# A `b`, c\n' : null)
  const text = '[a](there.md) [b](there.md#a-b-c) [c](https://example.org/x) [d](#here)\n## Here\n```\n[e](gone.md)\n```\n'
  assert.deepEqual(brokenLinks(text, read), [])
  assert.deepEqual(brokenLinks('[a](gone.md) [b](there.md#b) [c](#gone)', read), ['gone.md', 'there.md#b', '#gone'])
})
