// The servers that are measured: how each is started, stopped and reached. Knows no measurement.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')

/** The program that measures, and is measured. */
export const coscribe = process.env.COSCRIBE_BIN ?? join(root, 'target', 'release', 'coscribe')

/** y-sweet's server, which comes from Cargo. */
const ySweet = [process.env.Y_SWEET_BIN].find((path) => path && existsSync(path)) ?? inPath('y-sweet')

/**
 * Each server: a name for people, the dialect its clients speak, its address at a port, and the
 * command that runs it on a directory. `why` says what is missing when there is no command.
 */
export const servers = [
  {
    name: 'coscribe',
    dialect: 'y-websocket',
    url: (port) => `ws://127.0.0.1:${port}/ws`,
    command: (port, data) => ours(port, data)
  },
  {
    name: 'coscribe, Hocuspocus clients',
    dialect: 'hocuspocus',
    url: (port) => `ws://127.0.0.1:${port}/ws`,
    command: (port, data) => ours(port, data)
  },
  {
    name: 'coscribe, y-sweet clients',
    dialect: 'y-sweet',
    url: (port) => `ws://127.0.0.1:${port}/y-sweet`,
    command: (port, data) => ours(port, data)
  },
  {
    name: 'y-websocket',
    dialect: 'y-websocket',
    url: (port) => `ws://127.0.0.1:${port}`,
    command: (port, data) => ({
      program: process.execPath,
      arguments: [join(here, 'node_modules', '@y', 'websocket-server', 'src', 'server.js')],
      variables: { HOST: '127.0.0.1', PORT: String(port), YPERSISTENCE: join(data, 'level') }
    })
  },
  {
    name: 'Hocuspocus',
    dialect: 'hocuspocus',
    url: (port) => `ws://127.0.0.1:${port}`,
    command: (port, data) => ({
      program: process.execPath,
      arguments: [join(here, 'hocuspocus.mjs'), String(port), join(data, 'documents.sqlite')]
    })
  },
  {
    name: 'y-sweet',
    dialect: 'y-sweet',
    url: (port) => `ws://127.0.0.1:${port}`,
    why: 'there is no y-sweet: set Y_SWEET_BIN, or `cargo install y-sweet --version 0.9.1 --locked`',
    command: (port, data) => ySweet && {
      program: ySweet,
      arguments: ['serve', '--host', '127.0.0.1', '--port', String(port), data]
    }
  },
  {
    name: 'bare relay',
    dialect: 'y-websocket',
    relay: true,
    url: (port) => `ws://127.0.0.1:${port}/ws`,
    command: (port) => ({
      program: coscribe,
      arguments: ['bench', 'relay', '--listen', `127.0.0.1:${port}`]
    })
  }
]

function ours(port, data) {
  const listen = `127.0.0.1:${port}`
  return {
    program: coscribe,
    arguments: ['serve', '--listen', listen, '--data', data, '--log', 'error', '--max-connections', '60000']
  }
}

function inPath(name) {
  const found = spawnSync('which', [name], { encoding: 'utf8' })
  return found.status === 0 ? found.stdout.trim() : undefined
}

/** A server at work on a directory of its own. */
export class Running {
  /** Starts a server and waits until it listens. */
  static async start(server) {
    const running = new Running()
    running.server = server
    running.data = mkdtempSync(join(tmpdir(), 'coscribe-peers-'))
    running.port = await freePort()
    await running.again()
    return running
  }

  get url() {
    return this.server.url(this.port)
  }

  get pid() {
    return this.child.pid
  }

  /** Starts the program (again) on the same directory and port. */
  async again() {
    const { program, arguments: words, variables } = this.server.command(this.port, this.data)
    this.child = spawn(program, words, {
      env: { ...process.env, NODE_ENV: 'production', ...variables },
      stdio: ['ignore', 'ignore', 'inherit']
    })
    this.ended = new Promise((resolve) => this.child.once('exit', resolve))
    await this.listens()
  }

  /** Ends the program in order, or with this signal. */
  async stop(signal = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal)
    const forced = setTimeout(() => this.child.kill('SIGKILL'), 20_000)
    await this.ended
    clearTimeout(forced)
  }

  /** Ends it and removes what it kept. */
  async end() {
    await this.stop('SIGKILL')
    rmSync(this.data, { recursive: true, force: true })
  }

  async listens() {
    for (let tries = 0; tries < 600; tries += 1) {
      if (this.child.exitCode !== null) throw new Error(`${this.server.name} ended with ${this.child.exitCode}`)
      if (await answers(this.port)) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`${this.server.name} does not listen`)
  }
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => { socket.destroy(); resolve(true) })
    socket.once('error', () => resolve(false))
  })
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
