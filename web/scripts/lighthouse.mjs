// Lighthouse on home and on a document of each kind: `COSCRIBE_BIN=… node scripts/lighthouse.mjs`. Not part of the
// tests: it wants a quiet machine. Its version is pinned here, as newer ones need a newer Node.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startServer } from '../test/support/server.mjs'

const VERSION = '12.2.3'
const LEAST = /** @type {const} */ ({ performance: 90, accessibility: 100, 'best-practices': 100 })
const FLAGS = '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'
const PAGES = process.argv.length > 2 ? process.argv.slice(2) : ['/', '/d/plan?kind=rich', '/d/minutes?kind=markdown', '/d/seats.py?kind=code']

const server = await startServer()
try {
  for (const path of PAGES) {
    const { stdout } = await promisify(execFile)('npx', ['--yes', `lighthouse@${VERSION}`, server.url + path, '--output=json', '--quiet', `--only-categories=${Object.keys(LEAST).join()}`, `--chrome-flags=${FLAGS}`], { maxBuffer: 64 << 20, env: { ...process.env, CHROME_PATH: process.env.CHROMIUM ?? '/usr/bin/chromium' } })
    const { categories, audits } = JSON.parse(stdout)
    const scores = Object.keys(LEAST).map(name => /** @type {const} */ ([name, Math.round(categories[name].score * 100)]))
    console.log(path, scores.map(([name, score]) => `${name} ${score}`).join(', '), ['first-contentful-paint', 'largest-contentful-paint', 'total-blocking-time', 'cumulative-layout-shift'].map(name => `${name} ${audits[name].displayValue}`).join(', '))
    for (const [name, score] of scores) {
      if (score >= LEAST[/** @type {keyof typeof LEAST} */ (name)]) continue
      process.exitCode = 1
      for (const { id, weight } of categories[name].auditRefs) if (weight > 0 && audits[id].score !== null && audits[id].score < 1) console.log(`  ${name}: ${id} ${audits[id].displayValue ?? audits[id].title}`)
    }
  }
} finally {
  await server.stop()
}
