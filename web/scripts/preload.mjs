// Writes each page's preload hints, so that a browser fetches all its modules at once instead of one import
// after the other. `--check` fails, naming the pages whose hints are not those of their imports.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import path from 'node:path'

const web = fileURLToPath(new URL('..', import.meta.url))
const HINTS = /( *)<!-- preload -->\n(?: *<link rel="modulepreload"[^\n]*\n)*/

for (const page of ['bin.html', 'about.html', 'index.html', 'document.html']) {
  const before = await readFile(path.join(web, page), 'utf8')
  const start = before.match(/<script type="module" src="\/([^"]+)"/)?.[1]
  if (!start) throw new Error(`${page} starts no module`)
  const modules = [...(await reachable(start))].filter(module => module !== start).sort()
  const after = before.replace(HINTS, (_all, indent) =>
    [`${indent}<!-- preload -->`, ...modules.map(module => `${indent}<link rel="modulepreload" href="/${module}">`), ''].join('\n'))
  if (after === before) continue
  if (process.argv.includes('--check')) {
    console.error(`the preload hints of web/${page} are not those of its imports; run \`npm run preload\``)
    process.exitCode = 1
  } else {
    await writeFile(path.join(web, page), after)
  }
}

/** Every module that importing `start` fetches. @param {string} start @param {Set<string>} [found] */
async function reachable(start, found = new Set()) {
  if (found.has(start)) return found
  found.add(start)
  const source = await readFile(path.join(web, start), 'utf8')
  const pattern = start.startsWith('vendor/') ? /(?:from|import)\s*"(\.[^"]+)"/g : /^(?:import|export|\})[^\n]*?'(\.[^']+)'/gm
  for (const [, target] of source.matchAll(pattern)) await reachable(path.join(path.dirname(start), target), found)
  return found
}
