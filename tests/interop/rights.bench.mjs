// What rights cost: CPU that the server spends for each update it delivers, with tokens asked for
// and without, in turns within one run. Prints; judges nothing. `node rights.bench.mjs [rounds]`

import { createHmac } from 'node:crypto'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { resolve } from 'node:path'

import WebSocket from 'ws'
import * as Y from 'yjs'

import { frame, step1 } from './lib/frames.mjs'
import { pause, until } from './lib/wait.mjs'

const [READERS, UPDATES, PER_TURN] = [25, 4000, 4]
const SECRET = 'a secret that only this measurement knows'
const rounds = Number(process.argv[2] ?? 6)
const binary = resolve(process.env.COSCRIBE_BIN ?? '../../target/release/coscribe')

const port = () => new Promise((done) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const found = probe.address().port
    probe.close(() => done(found))
  })
})

function token() {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { sub: 'u1', exp: Math.floor(Date.now() / 1000) + 3600, documents: { 'bench*': 'edit' } }
  const said = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${said}.${createHmac('sha256', SECRET).update(said).digest('base64url')}`
}

async function serve(args) {
  const host = `127.0.0.1:${await port()}`
  const child = spawn(binary, ['serve', '--memory', '--listen', host, ...args], { stdio: 'ignore' })
  const ready = () => fetch(`http://${host}/readyz`).then((it) => it.ok, () => false)
  await until('the server is ready', ready)
  return { host, child, query: args.length > 0 ? `?token=${token()}` : '' }
}

async function connect({ host, query }, name) {
  const socket = new WebSocket(`ws://${host}/ws/${name}${query}`)
  await new Promise((done, failed) => socket.on('open', done).on('error', failed))
  const synced = new Promise((done) => {
    socket.on('message', (data) => data[0] === 0 && data[1] === 1 && done())
  })
  socket.send(step1())
  await synced
  return socket
}

/** Seconds of CPU that a process has used; the kernel counts hundredths. */
function cpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Microseconds of CPU for each update that reached a reader. */
async function measure(server, name) {
  const [writer, ...readers] =
    await Promise.all(Array.from({ length: READERS + 1 }, () => connect(server, name)))
  let there = 0
  for (const reader of readers) {
    reader.on('message', (data) => { if (data.includes('the end')) there += 1 })
  }
  const doc = new Y.Doc()
  doc.on('update', (update) => writer.send(frame(0, 2, update)))
  const before = cpu(server.child.pid)
  for (let count = 0; count < UPDATES; count += 1) {
    doc.getText('text').insert(count, 'x')
    if (count % PER_TURN === 0) await pause(1)
  }
  doc.getText('text').insert(UPDATES, 'the end')
  await until('everybody has everything', () => there === READERS, { ms: 60_000 })
  const spent = cpu(server.child.pid) - before
  for (const socket of [writer, ...readers]) socket.terminate()
  return (spent * 1e6) / (UPDATES * READERS)
}

const servers = { off: await serve([]), on: await serve(['--auth-secret', SECRET]) }
const spent = { off: [], on: [] }
for (let round = 0; round <= rounds; round += 1) {
  const turn = round % 2 === 0 ? ['off', 'on'] : ['on', 'off']
  for (const rights of turn) {
    const each = await measure(servers[rights], `bench-${round}`)
    // The first round warms up.
    if (round > 0) spent[rights].push(each)
  }
}
const sum = (values) => values.reduce((one, other) => one + other, 0)
for (const [rights, values] of Object.entries(spent)) {
  const mean = sum(values) / values.length
  console.log(`rights ${rights}: ${mean.toFixed(2)} µs of CPU per delivered update (${values.map((it) => it.toFixed(2)).join(', ')})`)
}
console.log(`on / off: ${(sum(spent.on) / sum(spent.off)).toFixed(3)}`)
for (const { child } of Object.values(servers)) child.kill()
