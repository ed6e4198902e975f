// Leaves out Tiptap's own reading and writing of Markdown while bundling: every extension brings a part of it and
// nobody here calls it, as the server converts. Knows nothing of the bundle.
import { readFile } from 'node:fs/promises'
import { parse } from 'acorn'

/** What an extension says about Markdown. */
const PARTS = ['markdownOptions', 'markdownTokenName', 'markdownTokenizer', 'parseMarkdown', 'renderMarkdown']

/** @type {import('esbuild').Plugin} */
export const withoutMarkdown = {
  name: 'without-markdown',
  setup(build) {
    build.onLoad({ filter: /\/@tiptap\/(?:core|extension-[a-z-]+)\/dist\/.*\.js$/ }, async ({ path }) => ({ contents: leaveOut(await readFile(path, 'utf8')) }))
  },
}

/** The module without these parts where they are given in an object. @param {string} code */
function leaveOut(code) {
  /** @type {[number, number][]} */
  const cuts = []
  collect(parse(code, { ecmaVersion: 2022, sourceType: 'module' }), cuts)
  for (const [from, to] of cuts.reverse()) code = code.slice(0, from) + code.slice(to).replace(/^\s*,/, '')
  return code
}

/** @param {any} node @param {[number, number][]} cuts */
function collect(node, cuts) {
  if (node.type === 'Property' && !node.computed && PARTS.includes(node.key.name) && /Function|Object|Literal/.test(node.value.type)) {
    cuts.push([node.start, node.end])
    return
  }
  for (const child of Object.values(node).flat()) if (typeof (/** @type {any} */ (child)?.type) === 'string') collect(child, cuts)
}
