// Brings documents into a running Coscribe over its HTTP API, one after another. Knows nothing of where they come from.
// What is there already only gets what it lacks, so a run may be repeated, and goes on where one was stopped.

const { COSCRIBE = 'http://localhost:8080', COSCRIBE_TOKEN } = process.env

/** The least that a Yjs update can be: nobody wrote, nothing was deleted. */
const EMPTY = 2

/** Ends the process with a sentence for the person who started it. */
export function giveUp(why) {
  console.error(why)
  process.exit(1)
}

/** Tells of each document on a line, and says how the process is to end. `documents` gives [name, Yjs update (version 1)], or
 * null where there is none to be had. */
export async function bringAll(documents) {
  const counts = { new: 0, updated: 0, known: 0, empty: 0, failed: 0 }
  for await (const [name, update] of documents) {
    const { outcome, why } = await bring(name, update)
    counts[outcome] += 1
    console.log(`${outcome.padEnd(8)}${JSON.stringify(name)}${why ? `: ${why}` : ''}`)
  }
  console.log(Object.entries(counts).map(([outcome, count]) => `${count} ${outcome}`).join(', '))
  process.exitCode = counts.failed > 0 ? 1 : 0
}

async function bring(name, update) {
  if (!update) return { outcome: 'failed', why: 'it cannot be read' }
  if (update.length <= EMPTY) return { outcome: 'empty' }
  const made = await send('POST', `?format=yjs&name=${encodeURIComponent(name)}`, update)
  if (made.ok) return { outcome: 'new' }
  if ((await problem(made)).code !== 'name-taken') return failed(made)
  const path = `/${encodeURIComponent(name)}`
  const before = await send('GET', path)
  const merged = before.ok ? await send('POST', `${path}/content.yjs`, update) : before
  if (!merged.ok) return failed(merged)
  return { outcome: (await merged.json()).seq > (await before.json()).seq ? 'updated' : 'known' }
}

const failed = async answer => ({ outcome: 'failed', why: (await problem(answer)).detail })

/** What an answer complains of: problem details, if it has any. */
const problem = answer => answer.clone().json().catch(() => ({ detail: `HTTP ${answer.status}` }))

/** Sends, and again while the server is too busy. */
async function send(method, path, body) {
  const headers = { 'content-type': 'application/octet-stream', 'x-coscribe': 'migrate' }
  if (COSCRIBE_TOKEN) headers.authorization = `Bearer ${COSCRIBE_TOKEN}`
  for (let attempt = 1; ; attempt += 1) {
    const answer = await fetch(`${COSCRIBE}/api/v1/documents${path}`, { method, headers, body }).catch(({ cause }) => {
      giveUp(`Coscribe does not answer at ${COSCRIBE}: ${cause?.code ?? cause}. What is above is done; run this again`)
    })
    if (answer.status !== 503 || attempt === 10) return answer
    await new Promise(resolve => setTimeout(resolve, 1000 * Number(answer.headers.get('retry-after') ?? 1)))
  }
}
