// Makes dist/ for the package: the pages' own sync modules with Yjs imported as a package, and their types.
import { execFileSync } from 'node:child_process'
import { copyFile, cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const client = fileURLToPath(new URL('..', import.meta.url))
const web = path.join(client, '..')
const dist = path.join(client, 'dist')

await rm(dist, { recursive: true, force: true })
await mkdir(path.join(dist, 'sync'), { recursive: true })
// What the pages know about documents of their own is no part of the library.
const modules = (await readdir(path.join(web, 'src/sync'))).filter(file => file.endsWith('.js') && file !== 'meta.js')
for (const file of modules) {
  const source = await readFile(path.join(web, 'src/sync', file), 'utf8')
  await writeFile(path.join(dist, 'sync', file), source.replaceAll('../../vendor/core.js', '../vendor.js'))
}
for (const file of ['index.js', 'client.js']) await copyFile(path.join(client, 'src', file), path.join(dist, file))
await copyFile(path.join(web, 'scripts/vendor/core.js'), path.join(dist, 'vendor.js'))
for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) await cp(path.join(web, '..', licence), path.join(client, licence))

const tsc = path.join(web, 'node_modules/.bin/tsc')
const options = ['--ignoreConfig', '--allowJs', '--declaration', '--emitDeclarationOnly', '--skipLibCheck', '--strict', '--target', 'es2022', '--module', 'nodenext', '--moduleResolution', 'nodenext', '--lib', 'es2024,dom', '--types', '', '--rootDir', dist, '--outDir', dist]
execFileSync(tsc, [...options, path.join(dist, 'index.js')], { stdio: 'inherit', cwd: web })
