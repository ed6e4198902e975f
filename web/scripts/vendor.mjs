// Rebuilds web/vendor/ from the pinned packages in package-lock.json, byte for byte the same each time.
// `--check` builds elsewhere, compares, and fails with the list of files that differ.
// Each entry only re-exports, so a copy of it with the ending .d.ts is also its type declaration.
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { minify } from 'terser'
import terser from 'terser/package.json' with { type: 'json' }
import { withoutMarkdown } from './without_markdown.mjs'

const web = fileURLToPath(new URL('..', import.meta.url))
const committed = path.join(web, 'vendor')
const entries = ['core', 'view', 'rich', 'text', 'languages', 'preview']
/** Entries that take their libraries from another entry, so that loading them later splits nothing off it. */
const borrowers = [
  { name: 'tables', from: 'rich', filter: /^(?:@tiptap\/core|@tiptap\/pm\/|prosemirror-)/ },
  { name: 'merge', from: 'text', filter: /^(?:@codemirror\/|@lezer\/|style-mod$)/ },
]

/** @param {typeof borrowers[number]} borrower @returns {import('esbuild').Plugin} */
const borrowing = ({ name, from, filter }) => ({
  name: `from-${from}`,
  setup(build) {
    build.onResolve({ filter }, ({ path }) => (path.endsWith(name) ? undefined : { path: `./${from}.js`, external: true }))
  },
})

/** @type {import('esbuild').Plugin} */
const withoutHtml = {
  name: 'without-html',
  setup(build) {
    build.onResolve({ filter: /^@codemirror\/lang-html$/ }, ({ importer }) => (importer.includes('lang-markdown') ? { path: path.join(web, 'scripts/vendor/no_html.js') } : undefined))
  },
}

if (process.argv.includes('--check')) {
  const fresh = await mkdtemp(path.join(tmpdir(), 'coscribe-vendor-'))
  try {
    await generate(fresh)
    const changed = await difference(fresh, committed)
    if (changed.length > 0) {
      console.error(`web/vendor differs from its sources: ${changed.join(', ')}; run \`npm ci && npm run vendor\` and commit the result`)
      process.exitCode = 1
    }
  } finally {
    await rm(fresh, { recursive: true })
  }
} else {
  await rm(committed, { recursive: true, force: true })
  await generate(committed)
  for (const name of (await readdir(committed)).filter(name => name.endsWith('.js'))) {
    const bytes = await readFile(path.join(committed, name))
    console.log(`${name.padEnd(16)} ${String(bytes.length).padStart(7)} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`)
  }
}

/** Writes every vendored file into `folder`. @param {string} folder */
async function generate(folder) {
  await mkdir(folder, { recursive: true })
  const { metafile } = await build({ ...options(folder, entries), splitting: true, chunkNames: 'shared-[hash]', plugins: [withoutMarkdown, withoutHtml] })
  const borrowed = await Promise.all(borrowers.map(borrower => build({ ...options(folder, [borrower.name]), plugins: [borrowing(borrower), withoutMarkdown] })))
  await spreadHelpers(folder, metafile)
  await squeeze(folder)
  for (const name of [...entries, ...borrowers.map(({ name }) => name)]) await copyFile(path.join(web, `scripts/vendor/${name}.js`), path.join(folder, `${name}.d.ts`))
  const used = [metafile, ...borrowed.map(({ metafile }) => metafile)].flatMap(({ outputs }) => Object.values(outputs)).flatMap(output =>
    Object.entries(output.inputs).flatMap(([input, { bytesInOutput }]) => (bytesInOutput > 0 ? [input] : [])))
  const { licences, list } = await describePackages(used)
  await writeFile(path.join(folder, 'LICENSES.txt'), licences)
  await writeFile(path.join(folder, 'README.md'), readme(list))
}

/** @param {string} folder @param {string[]} names */
function options(folder, names) {
  return /** @satisfies {import('esbuild').BuildOptions} */ ({
    absWorkingDir: web,
    entryPoints: names.map(name => `scripts/vendor/${name}.js`),
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    // Names of chunks come from what esbuild writes; another terser must give other names, as browsers keep them for ever.
    banner: { js: `/* terser ${terser.version} */` },
    alias: { '@tiptap/pm/history': './scripts/vendor/no_history.js' },
    define: { 'process.env.NODE_ENV': '"production"' },
    metafile: true,
    logLevel: 'error',
  })
}

/**
 * Writes esbuild's own helpers, a hundred bytes that it makes a chunk of, into each file that imports them: they keep no
 * state, and a request costs more.
 * @param {string} folder @param {import('esbuild').Metafile} metafile
 */
async function spreadHelpers(folder, metafile) {
  const chunks = Object.entries(metafile.outputs).filter(([, { inputs, entryPoint }]) => !entryPoint && Object.keys(inputs).length === 0)
  for (const chunk of chunks.map(([file]) => path.basename(file))) {
    const [, code, exported] = (await readFile(path.join(folder, chunk), 'utf8')).match(/^([^]*)export\{([^}]*)\};\s*$/) ?? []
    if (code === undefined) throw new Error(`${chunk} is not written as expected`)
    const returned = exported.split(',').map(pair => pair.split(' as ').reverse().join(':'))
    for (const name of (await readdir(folder)).filter(name => name.endsWith('.js'))) {
      const before = await readFile(path.join(folder, name), 'utf8')
      const after = before.replaceAll(`import"./${chunk}";`, '').replace(new RegExp(`import\\{([^}]*)\\}from"./${chunk}";`), (_all, names) =>
        `var{${names.replaceAll(' as ', ':')}}=(()=>{${code}return{${returned}}})();`)
      if (after !== before) await writeFile(path.join(folder, name), after)
    }
    await rm(path.join(folder, chunk))
  }
}

/** Minifies once more: a twentieth less to send than what esbuild leaves. @param {string} folder */
async function squeeze(folder) {
  for (const name of (await readdir(folder)).filter(name => name.endsWith('.js'))) {
    const file = path.join(folder, name)
    const { code } = await minify(await readFile(file, 'utf8'), { module: true, ecma: 2020, compress: { passes: 3 } })
    if (!code) throw new Error(`nothing is left of ${name}`)
    await writeFile(file, `${code}\n`)
  }
}

/** Reads name, version and licence text of every package that left bytes in the output. @param {string[]} inputs */
async function describePackages(inputs) {
  const names = new Set()
  for (const input of inputs) {
    const match = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/)
    if (match) names.add(match[1])
  }
  const list = []
  let licences = ''
  for (const name of [...names].sort()) {
    const folder = path.join(web, 'node_modules', name)
    const { version, license } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'))
    const file = (await readdir(folder)).sort().find(file => /^licen[cs]e/i.test(file))
    if (!file) throw new Error(`${name} ${version} ships no licence text; find out before bundling it`)
    const text = (await readFile(path.join(folder, file), 'utf8')).replace(/\r/g, '').trim()
    licences += `${'='.repeat(80)}\n${name} ${version} (${license})\n${'='.repeat(80)}\n\n${text}\n\n`
    list.push(`| ${name} | ${version} | ${license} |`)
  }
  return { licences, list }
}

/** @param {string[]} list rows of the table of packages */
function readme(list) {
  return `# Vendored code

Generated by \`npm run vendor\` from the pinned versions in package-lock.json; do not edit. \`npm run vendor:check\` proves
that these bytes come from those packages. Licence texts: LICENSES.txt.

| package | version | licence |
| --- | --- | --- |
${list.join('\n')}
`
}

/** The names of files that are not the same in both folders. @param {string} left @param {string} right */
async function difference(left, right) {
  const names = new Set([...(await readdir(left)), ...(await readdir(right))])
  const changed = []
  for (const name of [...names].sort()) {
    const [a, b] = await Promise.all([left, right].map(folder => readFile(path.join(folder, name)).catch(() => null)))
    if (!a || !b || !a.equals(b)) changed.push(name)
  }
  return changed
}
