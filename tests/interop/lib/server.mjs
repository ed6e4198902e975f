// Runs the server under test: the binary that COSCRIBE_BIN names, on a free port, with a data
// directory that is removed afterwards. Knows the command line; knows nothing of documents.

import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import { until, within } from './wait.mjs'

const run = promisify(execFile)
const binary = resolve(process.env.COSCRIBE_BIN ?? '../../target/debug/coscribe')

/** Starts a server; `t.after` stops it. `data` and `port` continue an earlier one's. */
export async function startServer(t, { data, port, args = [] } = {}) {
  const directory = data ?? (await mkdtemp(join(tmpdir(), 'coscribe-interop-')))
  const server = new Server(directory, port ?? (await freePort()))
  t.after(async () => {
    server.endings.forEach((end) => end())
    await server.kill()
    if (!data) await rm(directory, { recursive: true, force: true })
  })
  await server.start(args)
  return server
}

class Server {
  constructor(data, port) {
    Object.assign(this, { data, port, log: '', process: null })
    /** What to call before it goes, so that a failed test leaves no client that reconnects for ever. */
    this.endings = []
    this.host = `127.0.0.1:${port}`
    this.http = `http://${this.host}`
    /** Where every client connects: a document's name follows, or comes with each frame. */
    this.ws = `ws://${this.host}/ws`
  }

  /** Starts the process and waits until it says that it is ready. */
  async start(args = []) {
    this.args = args
    const all = ['serve', '--listen', this.host, '--data', this.data, ...args]
    const child = spawn(binary, all, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.process = child
    child.stdout.on('data', (text) => { this.log += text })
    child.stderr.on('data', (text) => { this.log += text })
    child.on('error', (error) => { this.log += error })
    this.exit = new Promise((done) => child.on('close', (code, signal) => done({ code, signal })))
    await until('the server is ready', () => this.isReady(), { ms: 30_000, state: () => this.log })
  }

  /** Stops it as an operator would; resolves with its exit code and how long it took. */
  async stop(signal = 'SIGTERM') {
    const began = performance.now()
    this.process.kill(signal)
    const { code } = await within('the server to exit', this.exit, 20_000)
    return { code, ms: Math.round(performance.now() - began) }
  }

  /** Ends it at once, as a crash would; does nothing to one that has ended. */
  async kill() {
    if (this.process.exitCode !== null || this.process.pid === undefined) return
    this.process.kill('SIGKILL')
    await this.exit
  }

  /** Starts it again on the same port and data. */
  restart() {
    return this.start(this.args)
  }

  /** A document as `coscribe export` writes it: one Yjs update. */
  async export(name) {
    return new Uint8Array(await this.command('export', name))
  }

  /** What is stored, as `coscribe inspect --json` tells it. */
  async inspect() {
    return JSON.parse((await this.command('inspect', '--json')).toString())
  }

  /** The bytes of every file that acknowledgements depend on, by path. */
  async files() {
    const sizes = {}
    for (const folder of ['log', 'archive']) {
      const names = await readdir(join(this.data, folder)).catch(() => [])
      for (const name of names) sizes[`${folder}/${name}`] = (await stat(join(this.data, folder, name))).size
    }
    return sizes
  }

  async command(verb, ...rest) {
    const options = { encoding: 'buffer', maxBuffer: 256 << 20 }
    return (await run(binary, [verb, '--data', this.data, ...rest], options)).stdout
  }

  async isReady() {
    if (this.process.exitCode !== null) throw new Error(`the server ended: ${this.log}`)
    const answer = await fetch(`${this.http}/readyz`).catch(() => null)
    return answer?.status === 200
  }
}

function freePort() {
  return new Promise((done, failed) => {
    const probe = createServer().on('error', failed)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => done(port))
    })
  })
}
