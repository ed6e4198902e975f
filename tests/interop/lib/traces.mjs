// Real editing histories from outside the repository, told apart from a missing file visibly.
//
// The two-author trace says for each transaction which earlier ones its author had seen, and its
// positions only make sense in exactly that state. `TwoAuthors` therefore keeps, for each author,
// a document at that state, types there, and hands out the update that typing made.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import * as Y from 'yjs'

const here = dirname(fileURLToPath(import.meta.url))
const folder = process.env.COSCRIBE_TRACES ?? join(here, '../../../../shared/traces')

/** A trace by name, or null after `t.skip` has said why. */
export function trace(t, name) {
  const file = join(folder, `${name}.json.gz`)
  if (existsSync(file)) return JSON.parse(gunzipSync(readFileSync(file)))
  t.skip(`no trace at ${file}: set COSCRIBE_TRACES to the folder that holds ${name}.json.gz`)
  return null
}

/** Applies patches, whose positions count code points, to a text, whose positions count UTF-16. */
export function type(text, patches) {
  text.doc.transact(() => {
    for (const [position, deleted, inserted] of patches) {
      const units = counter(text)
      const at = units(position)
      const length = units(position + deleted) - at
      if (length > 0) text.delete(at, length)
      if (inserted) text.insert(at, inserted)
    }
  })
}

/** How many UTF-16 units the first code points of a text take. Reading the whole text for every
 * keystroke would be slow, so texts remember once they have seen a pair of surrogates. */
function counter(text) {
  if (!text.hasPairs) {
    text.hasPairs = false
    if (text.watched === undefined) {
      text.watched = true
      text.observe((event) => {
        text.hasPairs ||= event.delta.some((it) => /[\ud800-\udfff]/.test(it.insert ?? ''))
      })
    }
    return (points) => points
  }
  const all = [...text.toString()]
  return (points) => all.slice(0, points).join('').length
}

/** Replays a two-author trace transaction by transaction. */
export class TwoAuthors {
  /** `root` names the text; authors get the client ids 1 and 2, in the order of their numbers,
   * because that order decides how concurrent insertions at one place end up. */
  constructor(txns, root) {
    this.txns = txns
    this.authors = [1, 2].map((clientID) => {
      const doc = new Y.Doc()
      doc.clientID = clientID
      return { doc, text: doc.getText(root), updates: [], seen: 0 }
    })
    /** For each transaction, how many of each author's transactions it has behind it. */
    this.behind = []
    for (const { parents, agent } of txns) {
      const known = [0, 1].map((author) => Math.max(0, ...parents.map((it) => this.behind[it][author])))
      known[agent] += 1
      this.behind.push(known)
    }
  }

  /** How many of the other author's transactions transaction `index` needs. */
  needs(index) {
    return this.behind[index][1 - this.txns[index].agent]
  }

  /** Types transaction `index` in the state its author was in; returns the update. */
  typed(index) {
    const { agent, patches } = this.txns[index]
    const [author, other] = [this.authors[agent], this.authors[1 - agent]]
    while (author.seen < this.needs(index)) Y.applyUpdate(author.doc, other.updates[author.seen++])
    let update = null
    author.doc.once('update', (bytes) => { update = bytes })
    type(author.text, patches)
    author.updates.push(update)
    return update
  }
}
