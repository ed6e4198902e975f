// Ten people type, format, delete and undo at random for a while, in rich documents and in text: in the end
// all pages show the same, and it is what the server has. The seed is in the name of a failure.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { foreigner } from './support/foreigner.mjs'
import { launch, person } from './support/people.mjs'
import { skip, startServer } from './support/server.mjs'

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

const PEOPLE = 10
const SECONDS = 20
/** Ten pages at once on a small machine take long over what one does at once, in ms. */
const PATIENCE = 120_000

for (const kind of ['rich', 'markdown']) {
  test(`ten people typing at random for ${SECONDS} s end with the same ${kind} document`, { skip }, async () => {
    const seed = Number(process.env.SEED ?? 7)
    const people = await Promise.all(Array.from({ length: PEOPLE }, (_, i) => person(browser, server.url, `Typist ${i}`)))
    for (const { page } of people) page.setDefaultTimeout(PATIENCE)
    await Promise.all(people.map(one => one.opens(`typists-${kind}`, `?kind=${kind}`)))
    await Promise.all(people.map((one, i) => (kind === 'rich' ? one.page.evaluate(typeRich, { seed: seed * 100 + i, seconds: SECONDS }) : typeText(one, seed * 100 + i))))
    const theirs = await foreigner(server.port, `typists-${kind}`)
    const wanted = () => (kind === 'rich' ? plainOf(theirs.doc.getXmlFragment('default')) : theirs.doc.getText('text').toString())
    // Pages put right what came together, and that is an edit again.
    for (let round = 0; round < 2; round++) {
      for (const one of people) await one.isSaved()
      await theirs.settled()
      await agree(people, theirs.doc, wanted).catch(() => {})
    }
    const end = await Promise.all(people.map(one => one.page.evaluate(contentOf)))
    for (const [i, shown] of end.entries()) assert.equal(shown, end[0], `seed ${seed}: page ${i} differs from page 0`)
    assert.equal(end[0], wanted(), `seed ${seed}: the server has something else`)
    assert.ok(end[0].length > 200)
    for (const one of people) await one.close()
    theirs.close()
  })
}

/** Runs in the page: random acts of the editor's own commands. @param {{ seed: number, seconds: number }} options */
function typeRich({ seed, seconds }) {
  const { editor } = /** @type {any} */ (document.querySelector('.ProseMirror'))
  let state = seed
  const random = (/** @type {number} */ below) => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) % below
  const end = Date.now() + seconds * 1000
  const acts = [
    () => editor.commands.splitBlock(),
    () => editor.commands.toggleBold(),
    () => editor.commands.toggleBulletList(),
    () => editor.commands.toggleTaskList(),
    () => editor.commands.toggleHeading({ level: 1 + random(3) }),
    () => editor.commands.deleteSelection(),
    () => editor.commands.undo(),
    () => editor.commands.toggleBlockquote(),
    () => editor.commands.joinBackward(),
    () => editor.commands.toggleCodeBlock(),
    () => editor.commands.sinkListItem('listItem'),
    () => editor.commands.liftListItem('listItem'),
  ]
  return new Promise(resolve => {
    const timer = setInterval(() => {
      if (Date.now() > end) {
        clearInterval(timer)
        return resolve(undefined)
      }
      // A person's selection lies in text: a place between two blocks stands for the nearest text.
      const { doc, selection } = editor.state
      const near = (/** @type {number} */ at) => selection.constructor.near(doc.resolve(Math.min(at, doc.content.size))).from
      const from = near(random(doc.content.size))
      editor.commands.setTextSelection(random(3) ? from : { from, to: Math.max(from, near(from + random(12))) })
      if (random(3) === 0) acts[random(acts.length)]()
      else editor.commands.insertContent(`w${random(1000)} `)
    }, 60)
  })
}

/** @param {import('./support/people.mjs').Person} one @param {number} seed */
async function typeText(one, seed) {
  let state = seed
  const random = (/** @type {number} */ below) => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) % below
  await one.page.evaluate(() => /** @type {HTMLElement} */ (document.querySelector('.cm-content')).focus())
  const end = Date.now() + SECONDS * 1000
  while (Date.now() < end) {
    const act = random(12)
    if (act < 6) await one.page.keyboard.insertText(`w${random(1000)} `)
    else await one.page.keyboard.press(['Enter', 'Backspace', 'Control+ArrowLeft', 'ArrowUp', 'Control+End', 'Control+z'][act - 6])
  }
}

/** Waits until all pages show what the server has, which may still change. @param {import('./support/people.mjs').Person[]} people @param {import('yjs').Doc} doc @param {() => string} wanted */
async function agree(people, doc, wanted) {
  for (const { page } of people) await page.evaluate(`Object.assign(globalThis, { contentOf: ${contentOf} })`)
  for (let isAgreed = false; !isAgreed;) {
    const changes = new Promise(resolve => doc.once('update', () => resolve(false)))
    const text = wanted()
    const shown = people.map(({ page }) => page.waitForFunction(wanted => /** @type {any} */ (globalThis).contentOf() === wanted, text, { polling: 100 }))
    isAgreed = await Promise.race([changes, Promise.all(shown).then(() => true)])
  }
}

/** Runs in the page: the whole document as text with its structure. */
function contentOf() {
  const rich = /** @type {any} */ (document.querySelector('.ProseMirror'))
  if (rich) {
    /** @type {(node: any) => string} */
    const write = node => node.isText ? node.text : `<${node.type.name}>${[...Array(node.childCount).keys()].map(i => write(node.child(i))).join('')}</${node.type.name}>`
    return write(rich.editor.state.doc).replace(/^<doc>|<\/doc>$/g, '')
  }
  const { view } = /** @type {any} */ (document.querySelector('.cm-content')).cmTile?.root ?? /** @type {any} */ (document.querySelector('.cm-content')).cmView.rootView ?? {}
  return /** @type {string} */ (view.state.doc.toString())
}

/** The same of a fragment. @param {any} type @returns {string} */
function plainOf(type) {
  return type.toArray().map((/** @type {any} */ child) => (child.nodeName ? `<${child.nodeName}>${plainOf(child)}</${child.nodeName}>` : child.toDelta().map((/** @type {any} */ part) => part.insert).join(''))).join('')
}
