// A document's past as a page shows it: the modules of the web app read the server's packs. Knows those modules and the form
// that both sides are compared in; the oracle's Yjs is another one.

import { indexOf } from '../../../web/src/history/index.js'
import { readPack } from '../../../web/src/history/pack.js'
import { Past } from '../../../web/src/history/past.js'
import { RichPast } from '../../../web/src/history/rich.js'
import { TextPast } from '../../../web/src/history/text.js'
import { authorsIn, charsOf, spread, stockAuthors, stockTree, treeOf } from '../../../web/test/support/oracle.mjs'

/** The past of packs that follow each other, shown by numbers of entries. */
export function pagePast(packs) {
  const [first, ...rest] = packs.map((bytes) => readPack(bytes))
  const past = new Past(first)
  rest.forEach((pack) => past.add(pack))
  const index = indexOf(past)
  return index.kind === 'rich' ? new RichPage(index) : new TextPage(index)
}

/** What is shown for the moment after so many entries, compared with that after `base` of them. */
const shown = (at, base) => ({ at: at - 1, base: base === null ? null : base - 1 })

class TextPage {
  constructor(index) {
    this.past = new TextPast(index)
    this.nameOf = (author) => index.users[author].name
    this.before = { moment: 0, text: '' }
  }

  /** What a page shows that was at another moment before, and by whom. */
  at(moment) {
    const changes = this.past.changes(shown(this.before.moment, null), shown(moment, null))
    const text = changes.toReversed().reduce((all, { from, to, insert }) => all.slice(0, from) + insert + all.slice(to), this.before.text)
    this.before = { moment, text }
    return { content: text, authors: spread(this.past.runs(shown(moment, null)), this.nameOf) }
  }

  /** What is left of a comparison when what came, or what went, is taken out. */
  without(from, to, state) {
    const both = shown(to, from)
    const text = this.past.text(both)
    const changed = TextPast.changed(this.past.runs(both), text)
    return changed.filter((it) => it.state === state).toReversed().reduce((all, it) => all.slice(0, it.from) + all.slice(it.to), text)
  }

  static stock(doc, authors) {
    const text = doc.getText('text')
    return { content: text.toString(), authors: charsOf(text, authorBy(authors)) }
  }
}

class RichPage {
  constructor(index) {
    this.past = new RichPast(index)
    this.nameOf = (author) => index.users[author].name
  }

  at(moment) {
    const nodes = this.#nodes(shown(moment, null))
    return { content: treeOf(nodes), authors: authorsIn(nodes, this.nameOf) }
  }

  without(from, to, state) {
    const only = (nodes) => nodes.filter((it) => it.state !== state).map((it) => (it.type === 'text' ? it : { ...it, content: only(it.content) }))
    return treeOf(only(this.#nodes(shown(to, from))))
  }

  #nodes(both) {
    return this.past.blocks(both).flatMap(({ block }) => this.past.nodes(block, both))
  }

  static stock(doc, authors) {
    const page = doc.getXmlFragment('default')
    return { content: stockTree(page), authors: stockAuthors(page, authorBy(authors)) }
  }
}

/** `authors` says whose the units of a client are, or of each unit. */
const authorBy = (authors) => (item, offset) => authors.get(item.id.client, item.id.clock + offset)

/** What stock Yjs shows, in the form of `page.at`. */
export function stockShows(page, doc, authors) {
  return page.constructor.stock(doc, authors)
}

/** The words of a comparison, which are the same whatever the marks and attributes became. */
export function wordsOf(content) {
  if (typeof content === 'string') return content
  return content.map((node) => node.text ?? `<${node.name}>${wordsOf(node.content)}</${node.name}>`).join('')
}
