// Ten processes that begin the same document with the same content at once: it is there once, for
// each of them, whatever client it opens the document with.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { test } from 'node:test'

import { startServer } from './lib/server.mjs'
import { within } from './lib/wait.mjs'

const PROCESSES = 10
const ROUNDS = 5
const CONTENT = '# Agenda\n\n- once\n'

/** A process that has said that it is ready. */
async function one(t, server, number) {
  const script = new URL('lib/one-of-ten.mjs', import.meta.url).pathname
  const child = spawn(process.execPath, [script, server.host, String(number)], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const says = async () => (await within(`process ${number}`, lines.next(), 60_000)).value
  assert.equal(await says(), 'ready')
  return { goesOn: (task) => child.stdin.write(`${JSON.stringify(task)}\n`), says }
}

test('what ten processes begin at once with content has it once', async (t) => {
  const server = await startServer(t)
  const processes = await Promise.all(Array.from({ length: PROCESSES }, (_, number) => one(t, server, number)))
  for (let round = 0; round < ROUNDS; round += 1) {
    const name = `agenda-${round}`
    processes.forEach((it) => it.goesOn({ name, content: CONTENT }))
    const said = (await Promise.all(processes.map((it) => it.says()))).map((line) => JSON.parse(line))
    const statuses = said.map((it) => it.status).sort()
    assert.deepEqual(statuses, [201, ...Array(PROCESSES - 1).fill(409)])
    assert.deepEqual(said.map((it) => it.text), Array(PROCESSES).fill(CONTENT))
    const past = await fetch(`${server.http}/api/v1/documents/${name}/history/entries`)
    assert.equal((await past.json()).entries.length, 1)
  }
  assert.equal((await server.stop()).code, 0)
})
