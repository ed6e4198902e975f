// The real server for a browser test: on a free port with a directory of its own, killed and restarted at will.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { get } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const bin = process.env.COSCRIBE_BIN
/** For `test(name, { skip }, …)`: why there is nothing to test against. */
export const skip = bin ? false : 'set COSCRIBE_BIN to the server program'

/**
 * @typedef {object} Server
 * @property {string} url
 * @property {number} port
 * @property {string} data its directory
 * @property {() => Promise<void>} kill SIGKILL, and waits for the end
 * @property {(args?: string[]) => Promise<void>} restart starts again on the same port and data, with other arguments when there are any
 * @property {() => Promise<void>} stop for good; fails when the server fails to end well
 */

/** @param {string[]} [args] more arguments of `coscribe serve`; with those of TLS its certificate may be any @returns {Promise<Server>} */
export async function startServer(args = []) {
  const data = await mkdtemp(join(tmpdir(), 'coscribe-browser-'))
  const port = await freePort()
  const url = `${args.includes('--tls-cert') ? 'https' : 'http'}://127.0.0.1:${port}`
  let child = await run(url, data, args)
  const ended = () => new Promise(resolve => (child.exitCode !== null || child.signalCode ? resolve(undefined) : child.once('exit', resolve)))
  return {
    url,
    port,
    data,
    async kill() {
      child.kill('SIGKILL')
      await ended()
    },
    async restart(now = args) {
      child = await run(url, data, now)
    },
    async stop() {
      child.kill('SIGTERM')
      await ended()
      await rm(data, { recursive: true, force: true })
      assert.ok(child.exitCode === 0 || child.signalCode === 'SIGKILL', `the server ended with ${child.exitCode ?? child.signalCode}`)
    },
  }
}

// The server warns of variables it does not know.
const { COSCRIBE_BIN: _bin, ...environment } = process.env

/** @param {string} url @param {string} data @param {string[]} args */
async function run(url, data, args) {
  const child = spawn(String(bin), ['serve', '--listen', new URL(url).host, '--data', join(data, 'store'), ...args], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...environment, COSCRIBE_LOG: 'error' } })
  for (;;) {
    assert.equal(child.exitCode, null, 'the server has stopped')
    if (await (url.startsWith('https') ? isReadyOverTls(url) : fetch(`${url}/readyz`).then(answer => answer.ok, () => false))) return child
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** @param {string} url @returns {Promise<boolean>} */
const isReadyOverTls = url => new Promise(resolve => get(`${url}/readyz`, { rejectUnauthorized: false }, answer => resolve(answer.resume().statusCode === 200)).on('error', () => resolve(false)))

/** A port that is free now. @returns {Promise<number>} */
export const freePort = () => new Promise((resolve, reject) => {
  const probe = createServer()
  probe.on('error', reject)
  probe.listen(0, '127.0.0.1', () => {
    const address = probe.address()
    probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
  })
})
