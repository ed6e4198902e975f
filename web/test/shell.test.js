// The parts around the editor that need no page: shortcuts, finding commands, what is announced, who is where.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Activity } from '../src/presence/activity.js'
import { IDLE_AFTER, attend } from '../src/presence/attendance.js'
import { introduce, whoIsHere } from '../src/presence/people.js'
import { hasCaret, sectionOf } from '../src/presence/section.js'
import { match } from '../src/ui/fuzzy.js'
import { isPressed, shortcutForMachines, shortcutText } from '../src/ui/keys.js'
import { LiveRegion, announce } from '../src/ui/live.js'
import { Y, awareness as protocol } from '../vendor/core.js'

/** @param {Partial<KeyboardEvent> & { altGraph?: boolean }} event @returns {KeyboardEvent} */
const pressed = ({ altGraph = false, ...event }) =>
  /** @type {KeyboardEvent} */ ({ key: '', code: '', ctrlKey: false, altKey: false, shiftKey: false, metaKey: false, getModifierState: () => altGraph, ...event })

test('a shortcut is recognised by letter or by place, and never in what AltGr types', () => {
  assert.ok(isPressed(pressed({ key: 'P', ctrlKey: true, shiftKey: true }), 'Mod-Shift-p'))
  assert.ok(!isPressed(pressed({ key: 'p', ctrlKey: true }), 'Mod-Shift-p'))
  assert.ok(!isPressed(pressed({ key: 'p', ctrlKey: true, shiftKey: true, altKey: true }), 'Mod-Shift-p'))
  assert.ok(isPressed(pressed({ key: 'ü', code: 'KeyU', ctrlKey: true, altKey: true }), 'Mod-Alt-u'))
  assert.ok(!isPressed(pressed({ key: 'u', ctrlKey: true, altKey: true, altGraph: true }), 'Mod-Alt-u'))
  assert.ok(isPressed(pressed({ key: 'F6', shiftKey: true }), 'Shift-F6'))
  assert.ok(!isPressed(pressed({ key: 'F6', shiftKey: true }), 'F6'))
  assert.ok(isPressed(pressed({ key: '/', ctrlKey: true, shiftKey: true }), 'Mod-/'), 'where / stands on Shift')
})

test('a shortcut is written for people and for machines', () => {
  assert.equal(shortcutText('Mod-Shift-p'), 'Ctrl+Shift+P')
  assert.equal(shortcutText('Mod--'), 'Ctrl+-')
  assert.equal(shortcutText('Alt-F10'), 'Alt+F10')
  assert.equal(shortcutForMachines('Mod-Alt-u'), 'Control+Alt+u')
  assert.equal(shortcutForMachines(undefined), undefined)
})

test('typed letters find labels that hold them in order, words first', () => {
  const rank = (/** @type {string} */ query, /** @type {string[]} */ labels) =>
    labels.flatMap(label => match(query, label) ?? []).sort((a, b) => b.score - a.score).map(({ marks }) => marks.map(([text]) => text).join(''))
  assert.deepEqual(rank('nl', ['Bulleted list', 'Numbered list', 'Bold']), ['Numbered list'])
  assert.deepEqual(rank('list', ['Clear listing', 'List', 'Lift a star']), ['List', 'Clear listing', 'Lift a star'])
  assert.deepEqual(rank('uber', ['Überschrift 1']), ['Überschrift 1'])
  assert.deepEqual(match('he2', 'Heading 2')?.marks, [['He', true], ['ading ', false], ['2', true]])
  assert.equal(match('x', 'Heading'), null)
})

test('announcements come one at a time, not twice in a row, and old ones give way', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const said = () => /** @type {any} */ (LiveRegion()).props.children
  for (const text of ['one', 'one', 'two', 'three', 'four', 'five']) announce(text)
  const heard = [said()]
  for (let i = 0; i < 5; i++) {
    t.mock.timers.tick(1200)
    heard.push(said())
  }
  assert.deepEqual(heard, ['one', 'three', 'four', 'five', '', ''])
})

/** A page of a person, with a clock of its own. @param {import('node:test').TestContext} t @param {Y.Doc} [doc] */
function page(t, doc = new Y.Doc()) {
  const awareness = new protocol.Awareness(doc)
  t.after(() => awareness.destroy())
  return awareness
}

/** @param {protocol.Awareness} from @param {protocol.Awareness} to */
const tell = (from, to) => protocol.applyAwarenessUpdate(to, protocol.encodeAwarenessUpdate(from, [from.clientID]), null)

/** @param {Y.AbstractType<any>} type @param {number} index */
const cursorAt = (type, index) => ({ anchor: null, head: JSON.parse(JSON.stringify(Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(type, index)))) })

test('a caret in Markdown is in the section of the heading above it, code fences aside', () => {
  const doc = new Y.Doc()
  const text = doc.getText('text')
  text.insert(0, 'before\n# One #\nwords\n```\n# no heading\n```\n## Two\n# One\nend')
  const at = (/** @type {string} */ part) => sectionOf(doc, { cursor: cursorAt(text, text.toString().indexOf(part)) })
  assert.equal(at('before'), null)
  assert.deepEqual(at('words'), { level: 1, text: 'One', nth: 1 })
  assert.deepEqual(at('no heading'), { level: 1, text: 'One', nth: 1 })
  assert.deepEqual(at('end'), { level: 1, text: 'One', nth: 2 })
})

test('a caret in rich text is in the section of the heading above its block', () => {
  const doc = new Y.Doc()
  const root = doc.getXmlFragment('default')
  const block = (/** @type {string} */ name, /** @type {string} */ words, /** @type {number} */ level = 0) => {
    const element = new Y.XmlElement(name)
    if (level) element.setAttribute('level', /** @type {any} */ (level))
    element.insert(0, [new Y.XmlText(words)])
    return element
  }
  const list = new Y.XmlElement('bulletList')
  root.insert(0, [block('paragraph', 'first'), block('heading', 'Plan', 2), list])
  const item = block('paragraph', 'inside')
  list.insert(0, [item])
  const words = /** @type {Y.XmlText} */ (item.get(0))
  assert.deepEqual(sectionOf(doc, { cursor: cursorAt(words, 2) }), { level: 2, text: 'Plan', nth: 1 })
  assert.equal(sectionOf(doc, { cursor: cursorAt(/** @type {any} */ (root.get(0)), 0) }), null)
  for (const state of [null, {}, { cursor: 1 }, { cursor: { head: 'x' } }, { cursor: { head: { type: { client: 1, clock: 'x' } } } }, { cursor: { head: {} } }]) {
    assert.equal(sectionOf(doc, state), null)
    assert.equal(hasCaret(doc, state), false)
  }
})

test('what others do is told once per while, or not at all', t => {
  const doc = new Y.Doc()
  const text = doc.getText('text')
  text.insert(0, '# Plan\nwords and more words\n# Two\nend')
  const mine = page(t, doc)
  const mia = page(t)
  let time = 0
  let detail = /** @type {import('../src/presence/activity.js').Detail} */ ('summary')
  const activity = new Activity(doc, mine, { detail: () => detail, changed() {}, now: () => time })
  const told = () => activity.lines.map(line => line.text)
  const moves = (/** @type {number} */ index) => {
    mia.setLocalStateField('cursor', cursorAt(text, index))
    tell(mia, mine)
  }
  introduce(mia, { id: 'mia', name: 'Mia' })
  tell(mia, mine)
  for (let index = 8; index < 20; index++) moves(index)
  assert.deepEqual(told(), ['Mia joined', 'Mia is editing the section Plan'])
  moves(text.length)
  assert.equal(told().length, 2, 'one line about edits per while, whatever the section')
  time = 11_000
  moves(3)
  assert.equal(told().length, 2, 'the same again is no news yet')
  time = 40_000
  moves(9)
  assert.equal(told().length, 3)
  detail = 'off'
  time = 90_000
  moves(4)
  protocol.removeAwarenessStates(mine, [mia.clientID], null)
  assert.equal(told().length, 3)
  detail = 'each'
  tell((mia.setLocalState({ user: mia.getLocalState()?.user }), mia), mine)
  assert.equal(told().at(-1), 'Mia joined')
})

test('a person is idle after a minute without a sign of life, and says so to others', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const mine = page(t)
  const other = page(t)
  introduce(mine, { id: 'me', name: 'Ada' })
  const room = new EventTarget()
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const stop = attend(mine, room)
  t.after(stop)
  const isIdle = () => (tell(mine, other), whoIsHere(other)[0].isIdle)
  t.mock.timers.tick(IDLE_AFTER - 1)
  assert.equal(isIdle(), false)
  t.mock.timers.tick(1)
  assert.equal(isIdle(), true)
  now = IDLE_AFTER
  room.dispatchEvent(new Event('keydown'))
  assert.equal(isIdle(), false)
})

test('a person is idle only when all of their tabs are, and all tabs are known', t => {
  const mine = page(t)
  introduce(mine, { id: 'me', name: 'Ada' })
  const tabs = [page(t), page(t)]
  for (const tab of tabs) introduce(tab, { id: 'mia', name: 'Mia' })
  tabs[0].setLocalStateField('idle', true)
  for (const tab of tabs) tell(tab, mine)
  const mia = () => whoIsHere(mine, 'me')[1]
  assert.equal(mia().isIdle, false)
  assert.equal(mia().client, tabs[1].clientID, 'the tab somebody is at')
  assert.deepEqual(mia().clients.sort(), tabs.map(tab => tab.clientID).sort())
  tabs[1].setLocalStateField('idle', true)
  tell(tabs[1], mine)
  assert.equal(mia().isIdle, true)
})
