// Three people who write a rich document together: the log of what each of them sent. Knows Yjs.

import * as Y from 'yjs'

/** Edits by people of these names, as `{name, update}` in an order in which each could be stored. */
export function meeting(random, names, count) {
  const log = []
  const people = names.map((name, index) => person(name, 501 + 7 * index, log))
  let offline = null
  while (log.length < count) {
    const who = random.pick(people)
    // Now and then somebody hears nothing for a while, and the others hear nothing of them.
    if (random.chance(0.02)) offline = random.chance(0.5) ? null : who
    if (who !== offline) who.hear(people.filter((it) => it !== offline))
    const bout = 3 + random.below(20)
    for (let edit = 0; edit < bout; edit += 1) who.edit(random)
    if (who !== offline) who.send()
  }
  people.forEach((it) => it.send())
  return log
}

function person(name, clientID, log) {
  const doc = new Y.Doc({ gc: false })
  doc.clientID = clientID
  const page = doc.getXmlFragment('default')
  const undo = new Y.UndoManager([page], { captureTimeout: 0 })
  const [unsent, sent] = [[], []]
  doc.on('update', (update, origin) => origin !== 'heard' && unsent.push(update))
  return {
    sent,
    heard: new Map(),
    hear(people) {
      for (const other of people.filter((it) => it !== this)) {
        const from = this.heard.get(other) ?? 0
        other.sent.slice(from).forEach((update) => Y.applyUpdate(doc, update, 'heard'))
        this.heard.set(other, other.sent.length)
      }
    },
    edit: (random) => edit(doc, page, undo, random, name),
    send() {
      // What builds on what the others have not sent yet cannot happen: it is heard only once sent.
      for (const update of unsent.splice(0)) {
        sent.push(update)
        log.push({ name, update })
      }
    },
  }
}

const WORDS = ['plan ', 'we ship ', 'é', '🎉 ', 'when ', 'offline edits merge ', 'x', 'nobody loses work ']

function edit(doc, page, undo, random, name) {
  const draw = random.below(100)
  if (draw < 4) return undo.undo()
  if (draw < 6) return undo.redo()
  doc.transact(() => {
    if (page.length === 0 || draw < 14) return insertBlock(page, random)
    if (draw < 16) return page.delete(random.below(page.length), 1)
    if (draw < 18) return random.pick(page.toArray()).setAttribute('align', random.pick(['left', 'right']))
    if (draw < 19) return doc.getMap('meta').set('title', `${name} ${random.below(99)}`)
    const text = someText(page, random)
    if (text) writeIn(text, random, draw)
  })
}

function writeIn(text, random, draw) {
  const written = text.toString().replace(/<[^>]*>/g, '')
  const place = (at) => /[\udc00-\udfff]/.test(written[at] ?? '') ? at - 1 : at
  const start = place(random.below(text.length + 1))
  const length = place(Math.min(start + 1 + random.below(9), text.length)) - start
  if (draw < 30 && length > 0) text.delete(start, length)
  else if (draw < 40 && length > 0) text.format(start, length, { [random.pick(['bold', 'italic'])]: random.chance(0.7) ? {} : null })
  else if (draw < 43) text.insert(start, 'here', { link: { href: `https://example.org/${random.below(9)}` } })
  else text.insert(start, random.pick(WORDS))
}

function insertBlock(page, random) {
  const words = () => element('paragraph', [new Y.XmlText(random.pick(WORDS))])
  const item = () => element('listItem', [words()])
  const row = () => element('tableRow', [element('tableCell', [words()]), element('tableCell', [words()])])
  const block = random.pick([
    () => words(),
    () => words(),
    () => element('heading', [new Y.XmlText('Agenda')], { level: 1 + random.below(3) }),
    () => element('bulletList', [item(), item()]),
    () => element('table', [row(), row()]),
    () => element('blockquote', [words()]),
  ])()
  page.insert(random.below(page.length + 1), [block])
}

function element(name, children, attributes = {}) {
  const made = new Y.XmlElement(name)
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value))
  made.insert(0, children)
  return made
}

/** A text somewhere in the document. */
function someText(page, random) {
  let at = page
  while (at && !(at instanceof Y.XmlText)) at = at.length > 0 ? at.get(random.below(at.length)) : null
  return at
}
