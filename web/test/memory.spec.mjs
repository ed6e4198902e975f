// A page that stays open beside twenty busy people: what it holds in memory after half an hour is what it held after
// five minutes. Time is compressed: what happens in some seconds is a round, and the next comes when the page has it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as Y from 'yjs'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness'
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync'
import WebSocket from 'ws'
import { launch, person } from './support/people.mjs'
import { skip as noServer, startServer } from './support/server.mjs'

// Half an hour stays minutes when it is compressed: too long for every change.
const skip = noServer || (process.env.COSCRIBE_LONG ? false : 'set COSCRIBE_LONG=1 to watch a page for half an hour')
const PEOPLE = 20
/** Seconds of half an hour, and how many of them are a round. */
const SECONDS = 1800
const AT_ONCE = 6
/** The page has been open for a while: everything is fetched, compiled and has been used once. */
const WARM = 300
/** How much more may be held at the end, as a factor. */
const GROWTH = 1.2
/** Characters as each of them sees the document, around which it stays; and blocks that somebody adds at most. */
const SIZE = 2000
const BLOCKS = 3

/** @type {import('playwright-core').Browser} */
let browser
/** @type {import('./support/server.mjs').Server} */
let server
before(async () => {
  if (skip) return
  server = await startServer()
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** Somebody who writes and points without a page, and does not look at what others do: a round costs this test little. @param {number} port @param {string} name @param {number} at */
async function somebody(port, name, at) {
  const doc = new Y.Doc()
  const presence = new Awareness(doc)
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/${encodeURIComponent(name)}`)
  socket.binaryType = 'arraybuffer'
  const send = (/** @type {number} */ type, /** @type {(encoder: encoding.Encoder) => void} */ write) => {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, type)
    write(encoder)
    socket.send(encoding.toUint8Array(encoder))
  }
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  await new Promise(resolve => {
    socket.on('message', function first(data) {
      const decoder = decoding.createDecoder(new Uint8Array(/** @type {ArrayBuffer} */ (data)))
      if (decoding.readVarUint(decoder) !== 0 || readSyncMessage(decoder, encoding.createEncoder(), doc, socket) !== 1) return
      socket.off('message', first)
      resolve(undefined)
    })
    send(0, encoder => writeSyncStep1(encoder, doc))
  })
  doc.on('update', (update, origin) => origin !== socket && send(0, encoder => writeUpdate(encoder, update)))
  return {
    doc,
    place: placesOf(doc)[0],
    caret: 0,
    blocks: /** @type {Y.XmlElement[]} */ ([]),
    /** @param {Y.Text | Y.XmlText} place @param {number} anchor @param {number} head */
    points(place, anchor, head) {
      const position = (/** @type {number} */ index) => Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(place, index))
      presence.setLocalState({ user: { id: `person ${at}`, name: `Person ${at}` }, cursor: { anchor: position(anchor), head: position(head) } })
      send(1, encoder => encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(presence, [doc.clientID])))
    },
    close() {
      presence.destroy()
      socket.close()
    },
  }
}

/** @typedef {Awaited<ReturnType<typeof somebody>>} Somebody */

/** The texts somebody can write into, in the order of the document. @param {Y.Doc} doc @returns {(Y.Text | Y.XmlText)[]} */
function placesOf(doc) {
  const blocks = doc.getXmlFragment('default').toArray()
  if (blocks.length === 0) return [doc.getText('text')]
  return blocks.map(block => /** @type {Y.XmlText} */ (/** @type {Y.XmlElement} */ (block).get(0))).filter(inside => inside instanceof Y.XmlText)
}

/**
 * What somebody does in a second: goes on writing where the caret is, or somewhere else now and then; takes away as
 * much where the text begins; makes a block and removes another.
 * @param {Somebody} who
 * @param {(below: number) => number} random
 */
function act(who, random) {
  const { doc } = who
  const places = placesOf(doc)
  if (random(40) === 0 || !places.includes(who.place)) Object.assign(who, { place: places[random(places.length)], caret: 0 })
  const { place } = who
  const isText = place === doc.getText('text')
  doc.transact(() => {
    const word = random(12) === 0 && isText ? 'line\n' : `w${random(1000)} `
    const at = Math.min(who.caret, place.length)
    place.insert(at, word)
    const spare = Math.max(0, Math.min(at, place.length - Math.ceil(SIZE / places.length)))
    if (spare > 0) place.delete(0, spare)
    who.caret = at + word.length - spare
    if (isText || random(20) > 0) return
    const fragment = doc.getXmlFragment('default')
    const block = new Y.XmlElement(random(2) ? 'paragraph' : 'heading')
    if (block.nodeName === 'heading') block.setAttribute('level', /** @type {any} */ (1 + random(3)))
    block.insert(0, [new Y.XmlText(`new ${random(1000)}`)])
    fragment.insert(random(fragment.length), [block])
    // Only one's own, as nobody here sees what the others take away.
    if (who.blocks.push(block) > BLOCKS) fragment.delete(fragment.toArray().indexOf(/** @type {Y.XmlElement} */ (who.blocks.shift())), 1)
  })
  who.points(place, who.caret, random(3) ? who.caret : 0)
}

/** @param {import('./support/people.mjs').Person} who */
async function gauge(who) {
  const session = await who.context.newCDPSession(who.page)
  await session.send('HeapProfiler.enable')
  return async () => {
    // What is freed may hold more, which only the next collection finds.
    for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage')
    const { usedSize } = await session.send('Runtime.getHeapUsage')
    const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters')
    return { heap: usedSize, nodes, listeners: jsEventListeners }
  }
}

for (const kind of /** @type {const} */ (['rich', 'code'])) {
  test(`${SECONDS} seconds of ${PEOPLE} people leave nothing behind in a ${kind} document`, { skip, timeout: 600_000 }, async () => {
    let state = Number(process.env.SEED ?? 11)
    const random = (/** @type {number} */ below) => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) % below
    const name = `memory-${kind}`
    const ada = await person(browser, server.url, 'Ada Byron')
    await ada.opens(name, `?kind=${kind}`)
    await ada.text.click()
    await ada.page.keyboard.type('Ada was here. ')
    if (kind === 'rich') await ada.page.evaluate(() => void /** @type {any} */ (document.querySelector('.ProseMirror')).editor.commands.setContent(Array.from({ length: 40 }, (_, i) => `<p>paragraph ${i}</p>`).join('')))
    await ada.isSaved()
    // The panel with the log of what people do is open, as somebody would have it who stays for half an hour.
    await ada.page.keyboard.press('Control+Alt+u')
    await ada.page.getByRole('log').waitFor()
    const people = await Promise.all(Array.from({ length: PEOPLE }, (_, at) => somebody(server.port, name, at)))
    const measure = await gauge(ada)
    /** @type {Awaited<ReturnType<typeof measure>> | undefined} */
    let early
    for (let second = AT_ONCE; second <= SECONDS; second += AT_ONCE) {
      for (let i = 0; i < AT_ONCE; i++) for (const who of people) act(who, random)
      people[0].doc.getMap('meta').set('title', `second ${second}`)
      await ada.page.waitForFunction(title => document.title.startsWith(title), `second ${second} `)
      await ada.page.keyboard.type(random(2) ? 'a' : 'b')
      if (second % (2 * AT_ONCE) === 0) for (let i = 0; i < 2; i++) await ada.page.keyboard.press('Backspace')
      if (second === WARM) early = await measure()
    }
    await ada.isSaved()
    const late = await measure()
    console.log(kind, { early, late })
    assert.ok(early)
    for (const what of /** @type {const} */ (['heap', 'nodes', 'listeners'])) {
      assert.ok(late[what] <= early[what] * GROWTH, `${what}: ${early[what]} after ${WARM} s, ${late[what]} after ${SECONDS} s`)
    }
    for (const who of people) who.close()
    await ada.close()
  })
}
