// One of ten processes that begin a document at once: makes it with content over HTTP when it is
// told to, then opens it with a client and says what it has. Knows the server's address and which
// client to use by its arguments.

import { createInterface } from 'node:readline'

import { client, families } from './clients.mjs'
import { until } from './wait.mjs'

const [host, number] = process.argv.slice(2)
const server = { ws: `ws://${host}/ws`, endings: [] }
const kind = families[Number(number) % families.length]

console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const { name, content } = JSON.parse(line)
  const query = new URLSearchParams({ format: 'md', kind: 'markdown', name })
  const answer = await fetch(`http://${host}/api/v1/documents?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'text/markdown' },
    body: content,
  })
  const opened = client(kind, server, name)
  await until('it is synced', () => opened.synced())
  const text = opened.doc.getText('text').toString()
  console.log(JSON.stringify({ status: answer.status, text }))
  opened.close()
}
process.exit(0)
