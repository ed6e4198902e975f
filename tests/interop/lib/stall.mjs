// Makes the disk slow: every fdatasync of a running server takes so long, by strace's fault
// injection. Acknowledgements must wait for it, and nothing else may.

import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { until } from './wait.mjs'

/** Whether strace is here and may trace. */
export function canStall() {
  return spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
}

/** Delays every fdatasync of process `pid` until `end()` or the end of the test.
 *
 * `began()` and `finished()` count the calls that entered and those that returned. */
export async function stallSyncs(t, pid, seconds) {
  const folder = mkdtempSync(join(tmpdir(), 'coscribe-strace-'))
  const log = join(folder, 'log')
  const inject = `inject=fdatasync:delay_enter=${seconds}s`
  const args = ['-f', '-o', log, '-e', 'trace=fdatasync,fsync', '-e', inject, '-p', String(pid)]
  const tracer = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  tracer.stderr.on('data', (text) => { said += text })
  const exit = new Promise((done) => tracer.on('close', done))
  const lines = () => readFileSync(log, { encoding: 'utf8', flag: 'a+' }).split('\n')
  const end = async () => {
    tracer.kill('SIGINT')
    await exit
  }
  t.after(async () => {
    await end()
    rmSync(folder, { recursive: true, force: true })
  })
  await until('strace is attached', () => said.includes('attached'), { state: () => said })
  return {
    began: () => lines().filter((line) => /\bfdatasync\(/.test(line)).length,
    finished: () => lines().filter((line) => /fdatasync.*= 0/.test(line)).length,
    end,
  }
}
