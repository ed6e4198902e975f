// Measures what people who write notice while the past of their document is read: how long a keystroke takes from one editor to
// another, with and without readers of a past of 260 000 edits, in turns within one run. `COSCRIBE_BIN=… node
// scripts/history_live.bench.mjs [turns]`. Readers and editors are processes of their own, or the one would slow the other here.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { startServer } from '../test/support/server.mjs'
import { random } from '../test/support/typists.mjs'
import { writer } from '../test/support/writer.mjs'

const NAME = 'long-past'
const EDITS = 260_000
const KEYSTROKES_PER_TURN = 250
const PAUSE_MS = 16
const ROLES = { editors, reader }

/** Two editors; at every message one turn of typing, answered with the milliseconds that each keystroke took. @param {number} port */
async function editors(port) {
  const ada = await writer(port, NAME)
  const ben = await writer(port, NAME)
  const next = random(11)
  await each(async () => {
    const times = []
    for (let typed = 0; typed < KEYSTROKES_PER_TURN; typed += 1) {
      const seen = /** @type {Promise<void>} */ (new Promise(resolve => ben.text.observe(function seen() {
        ben.text.unobserve(seen)
        resolve()
      })))
      const begun = performance.now()
      ada.text.insert(Math.floor(next() * ada.text.length), 'x')
      await seen
      times.push(performance.now() - begun)
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
    }
    return times
  })
}

/** From the first message to the second: the whole past, over and over, and the document at any moment. @param {number} port */
async function reader(port) {
  const next = random(13)
  const path = `http://127.0.0.1:${port}/api/v1/documents/${NAME}/history`
  let [reading, requests] = [false, 0]
  const read = async () => {
    while (reading) {
      for (const address of [path, `${path}/${1 + Math.floor(next() * EDITS)}/export.txt`]) {
        const answer = await fetch(address)
        if (!answer.ok) throw new Error(`${address}: ${answer.status} ${await answer.text()}`)
        await answer.arrayBuffer()
        requests += 1
      }
    }
  }
  let done = Promise.resolve()
  await each(async () => {
    reading = !reading
    if (reading) done = read()
    else await done
    return requests
  })
}

/** @param {() => Promise<unknown>} answer */
async function each(answer) {
  process.send?.('ready')
  process.on('message', async () => process.send?.(await answer()))
}

/** @param {number[]} times */
function quantiles(times) {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (/** @type {number} */ part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))].toFixed(2)
  return `median ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms (${sorted.length} keystrokes)`
}

/** @param {number} port */
async function write(port) {
  const by = await writer(port, NAME, { kind: 'code' })
  const next = random(7)
  for (let edit = 1, at = 0; edit <= EDITS; edit += 1) {
    if (next() < 0.02) at = Math.floor(next() * by.text.length)
    if (next() < 0.2 && at > 0) by.text.delete(at -= 1, 1)
    else by.text.insert(at++, 'etaoin shrdlu'[Math.floor(next() * 13)])
    if (edit % 1000 === 0) await by.saved()
  }
  by.close()
}

/** @param {number} turns */
async function measure(turns) {
  const server = await startServer()
  await write(server.port)
  const [typing, reading] = await Promise.all(Object.keys(ROLES).map(async role => {
    const child = fork(new URL(import.meta.url), [role, String(server.port)])
    await once(child, 'message')
    return child
  }))
  const ask = async (/** @type {import('node:child_process').ChildProcess} */ child) => {
    child.send('go')
    return (await once(child, 'message'))[0]
  }
  await ask(typing)
  /** @type {Record<string, number[]>} */
  const times = { alone: [], 'while read': [] }
  for (let turn = 0; turn < turns; turn += 1) {
    times.alone.push(...await ask(typing))
    await ask(reading)
    times['while read'].push(...await ask(typing))
    if (turn === turns - 1) console.log(`${await ask(reading)} requests of readers`)
    else await ask(reading)
  }
  for (const [name, measured] of Object.entries(times)) console.log(`${name}: ${quantiles(measured)}`)
  for (const child of [typing, reading]) child.kill()
  await server.stop()
}

const [role, port] = process.argv.slice(2)
if (role in ROLES) await ROLES[/** @type {keyof typeof ROLES} */ (role)](Number(port))
else await measure(Number(role ?? 6))
