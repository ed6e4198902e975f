// Measures coscribe and other servers in one run on one machine, one after the other, and writes the
// table and the charts of docs/benchmarks.md. `node bench.mjs --help` tells the options.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'

import { figure, measurements } from './measurements.mjs'
import { Running, coscribe, servers } from './servers.mjs'
import { charts, replaced, table } from './tables.mjs'

const run = promisify(execFile)
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

const { values: chosen } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    only: { type: 'string', multiple: true },
    rows: { type: 'string', multiple: true },
    edits: { type: 'string', default: '260000' },
    rounds: { type: 'string', default: '5' },
    docs: { type: 'string', default: join(root, 'docs') },
    help: { type: 'boolean', default: false }
  }
})

const help = `node bench.mjs [options]
  --seconds N    how long each of the shapes is measured [5]
  --only NAME    only this server (several times); others keep the numbers of the last run
  --rows NAME    only this measurement (several times)
  --edits N      edits of the large document that is opened [260000]
  --rounds N     how often it is opened, and how often a server is killed [5]
  --docs DIR     where benchmarks.md and benchmarks/ are [docs]
COSCRIBE_BIN names the program (a release build), Y_SWEET_BIN the one of y-sweet.`

/** Runs `coscribe bench`; gives its report. Clients that did not converge are in it. */
async function bench(scenario, server, options) {
  const scratch = mkdtempSync(join(tmpdir(), 'coscribe-report-'))
  const file = join(scratch, 'report.json')
  const words = ['bench', scenario, '--url', server.url, '--pid', String(server.pid)]
  const all = [...words, '--dialect', server.server.dialect, '--json', file, ...options]
  let said = ''
  try {
    await run(coscribe, all, { timeout: 600_000 })
  } catch (error) {
    said = error.killed ? 'it took more than ten minutes' : (error.stderr || error.message).trim()
  }
  try {
    // Exit code 1 with a report: somebody did not converge, which the report says.
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new Error(said.split('\n').at(-1).replace(/^coscribe: /, ''))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

const isSound = ({ convergence: it }) => !it || (it.converged === it.clients && !it.unanswered)

/** Each measurement on a fresh server. */
async function measured(server, measurement) {
  const running = await Running.start(server)
  try {
    const report = await bench(measurement.scenario, running, measurement.options(chosen.seconds))
    return { report, value: measurement.value(report), unsound: !isSound(report) }
  } finally {
    await running.end()
  }
}

/** Writes a large document once, then opens it after a restart, again and again. */
async function cold(server) {
  const running = await Running.start(server)
  try {
    await bench('cold', running, ['--write', '--document', 'large', '--length', chosen.edits])
    // Servers that write now and then are given the time to.
    await new Promise((resolve) => setTimeout(resolve, 15_000))
    const reports = []
    for (let round = 0; round < Number(chosen.rounds); round += 1) {
      await running.stop()
      await running.again()
      reports.push(await bench('cold', running, ['--document', 'large', '--length', chosen.edits, '--rounds', '1']))
    }
    reports.sort((a, b) => a.joined.p50 - b.joined.p50)
    const middle = reports[Math.floor(reports.length / 2)]
    return {
      cold: { report: middle, value: middle.joined.p50 },
      'cold-memory': { value: figure('memory of the open document')(middle) }
    }
  } finally {
    await running.end()
  }
}

/** What a protocol without acknowledgements can tell of is less: that somebody else had the edit. */
const struckRows = (server) => (server.dialect === 'y-websocket' ? ['seen', 'seen-lost'] : ['promised', 'lost'])

/** Kills a server while edits are written and looks for what it promised. */
async function crash(server) {
  let [promised, lost] = [0, 0]
  for (let round = 0; round < Number(chosen.rounds); round += 1) {
    const running = await Running.start(server)
    try {
      const seed = String(round + 1)
      const struck = await bench('crash', running, ['--strike', 'struck', '--seed', seed])
      const edits = figure('edits promised')(struck)
      await running.stop('SIGKILL')
      await running.again()
      const looked = await bench('crash', running, ['--look', `struck=${edits}`])
      promised += edits
      lost += figure('edits lost')(looked)
    } finally {
      await running.end()
    }
  }
  if (promised === 0) throw new Error('nothing was promised before the kills, so nothing could be lost')
  const [first, second] = struckRows(server)
  return { [first]: { value: promised }, [second]: { value: lost } }
}

/** Everything that is asked for of one server. */
async function all(server, known) {
  const wanted = (id) => !chosen.rows || chosen.rows.includes(id)
  const found = { ...known }
  const attempt = async (ids, work) => {
    if (!ids.some(wanted)) return
    process.stderr.write(`${server.name}: ${ids.join(', ')}\n`)
    try {
      Object.assign(found, await work())
    } catch (error) {
      process.stderr.write(`  ${error.message}\n`)
      for (const id of ids) found[id] = { error: error.message }
    }
  }
  for (const it of measurements.filter((it) => it.scenario)) {
    if (server.relay && !it.relay) continue
    if (it.acknowledged && server.dialect === 'y-websocket') continue
    const others = measurements.filter((other) => other.of === it.id)
    await attempt([it.id, ...others.map((other) => other.id)], async () => {
      const result = await measured(server, it)
      const rest = others.map((other) => [other.id, { value: other.value(result.report) }])
      return { [it.id]: result, ...Object.fromEntries(rest) }
    })
  }
  if (!server.relay) {
    await attempt(['cold', 'cold-memory'], () => cold(server))
    await attempt(struckRows(server), () => crash(server))
  }
  return found
}

async function main() {
  if (chosen.help) return void process.stdout.write(`${help}\n`)
  const folder = join(chosen.docs, 'benchmarks')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'results.json')
  const last = JSON.parse(readIfThere(file, '{"values":{}}'))
  const results = { machine: '', servers: [], values: last.values }
  results.machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Linux ${release()}, Node ${process.version}`
  for (const server of servers) {
    if (!server.command(0, '')) {
      process.stderr.write(`${server.name} is left out: ${server.why}\n`)
      continue
    }
    if (!chosen.only || chosen.only.includes(server.name)) {
      results.values[server.name] = await all(server, chosen.rows ? last.values[server.name] : {})
    }
    if (results.values[server.name]) results.servers.push(server.name)
    writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`)
  }
  await written(results, folder)
}

/** The table into the page, the charts beside it. */
async function written(results, folder) {
  const drawn = charts(results)
  for (const [name, chart] of Object.entries(drawn)) {
    const numbers = join(folder, `${name}.json`)
    writeFileSync(numbers, JSON.stringify(chart))
    await run(coscribe, ['bench', 'chart', numbers, join(folder, `${name}.svg`)])
    rmSync(numbers)
  }
  const pictures = Object.entries(drawn).map(([name, chart]) => `![${chart.title}](benchmarks/${name}.svg)`)
  const text = [`Measured on ${results.machine}.`, table(results), ...pictures].join('\n\n')
  const page = join(chosen.docs, 'benchmarks.md')
  writeFileSync(page, replaced(readIfThere(page, '# Measured\n'), 'peers', text))
  process.stdout.write(`${table(results)}\n`)
}

function readIfThere(file, otherwise) {
  return existsSync(file) ? readFileSync(file, 'utf8') : otherwise
}

await main()
