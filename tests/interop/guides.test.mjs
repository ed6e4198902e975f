// What the guides tell people to type: every curl line of them, from top to bottom, against the real server.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

import { startServer } from './lib/server.mjs'

const ROOT = resolve(import.meta.dirname, '../..')
const BINARY = resolve(process.env.COSCRIBE_BIN ?? '../../target/debug/coscribe')
const SECRET = 'a secret of more than 32 bytes, for this test only'

/** Whoever follows a guide sees an error; a stream counts from its first line. */
const SHELL = `
set -euo pipefail
curl() {
  case " $* " in
    *' -N '*) { command curl --silent --fail "$@" || true; } | head -n 1 | grep . ;;
    *) command curl --silent --show-error --fail-with-body "$@"; echo ;;
  esac
}
`

/** The statements of a guide's code that call curl or set a variable, in order. */
function statements(guide) {
  const code = guide.replace(/\\\n/g, ' ').split('\n').map((line) => line.replace(/^ {4}/, ''))
  return code.filter((line) => /^(curl |[a-z]+=)/.test(line))
}

async function run(script, { host, cwd }) {
  const env = {
    ...process.env,
    COSCRIBE_AUTH_SECRET: SECRET,
    PATH: `${dirname(BINARY)}${delimiter}${process.env.PATH}`,
  }
  const child = spawn('bash', ['-c', SHELL + script.replaceAll('localhost:8080', host)], { cwd, env })
  const ended = new Promise((done) => child.on('close', done))
  const [out, complaints] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { out, complaints, code: await ended }
}

const GUIDES = [
  ['README.md', [], 17],
  ['docs/api.md', [], 7],
  ['docs/sidecar.md', ['--auth-secret', SECRET], 12],
]

for (const [name, args, least] of GUIDES) {
  test(`every curl line of ${name} is true`, async (t) => {
    const cwd = await mkdtemp(join(tmpdir(), 'coscribe-guide-'))
    t.after(() => rm(cwd, { recursive: true, force: true }))
    await writeFile(join(cwd, 'plan.md'), '# Plan\n\nBuy milk.\n')
    const server = await startServer(t, { args })
    const lines = statements(await readFile(join(ROOT, name), 'utf8'))
    assert.ok(lines.length >= least, `${lines.length} lines were found`)
    for (const at of lines.keys()) {
      if (!lines[at].startsWith('curl ')) continue
      // Variables are set anew, so that the line that fails is known.
      const settings = lines.slice(0, at).filter((line) => !line.startsWith('curl '))
      const { out, complaints, code } = await run([...settings, lines[at]].join('\n'), { host: server.host, cwd })
      assert.equal(code, 0, `${lines[at]}\n${complaints}${out}`)
      t.diagnostic(`${lines[at]}\n${out.slice(0, 300)}`)
    }
  })
}
