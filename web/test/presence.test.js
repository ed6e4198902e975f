// People, their colours, and the names of documents: all from input that others control.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HUES, freeLook, preferredHue } from '../src/presence/colors.js'
import { introduce, readPerson, whoIsHere } from '../src/presence/people.js'
import { nameIn, pathOf } from '../src/device/names.js'
import { problemWith } from '../src/home/name_problem.js'
import { ago } from '../src/ui/ago.js'
import { Y, awareness as protocol } from '../vendor/core.js'

/** @param {import('node:test').TestContext} t @param {number} client */
function page(t, client) {
  const doc = new Y.Doc()
  doc.clientID = client
  const awareness = new protocol.Awareness(doc)
  t.after(() => awareness.destroy())
  return awareness
}

/** @param {protocol.Awareness} from @param {protocol.Awareness} to */
const tell = (from, to) => protocol.applyAwarenessUpdate(to, protocol.encodeAwarenessUpdate(from, [from.clientID]), null)

test('as long as there are hues, no two people share one', () => {
  /** @type {import('../src/presence/colors.js').Look[]} */
  const taken = []
  for (let i = 0; i < HUES; i++) taken.push(freeLook('same', taken))
  assert.equal(new Set(taken.map(look => look.hue)).size, HUES)
  assert.equal(new Set(taken.map(look => look.shape)).size, HUES)
  const ninth = freeLook('same', taken)
  assert.equal(ninth.hue, preferredHue('same'))
  assert.ok(!taken.some(look => look.hue === ninth.hue && look.shape === ninth.shape), 'a shape tells two of one hue apart')
})

test('two people who took one colour at the same moment end with two', t => {
  const ada = page(t, 10)
  const linus = page(t, 20)
  const hueOf = (/** @type {protocol.Awareness} */ one) => one.getLocalState()?.user.hue
  introduce(ada, { id: 'x', name: 'Ada' })
  const [, , twin] = ['', '', ...Array.from({ length: 200 }, (_, i) => `id${i}`).filter(id => preferredHue(id) === preferredHue('x'))]
  introduce(linus, { id: twin, name: 'Linus' })
  assert.equal(hueOf(ada), hueOf(linus))
  const before = hueOf(ada)
  tell(ada, linus)
  tell(linus, ada)
  introduce(ada, { id: 'x', name: 'Ada' })
  introduce(linus, { id: twin, name: 'Linus' })
  assert.equal(hueOf(ada), before)
  assert.notEqual(hueOf(linus), before)
})

test('two tabs of a person are one person, and I come first', t => {
  const mine = page(t, 5)
  const mia = page(t, 1)
  const myOtherTab = page(t, 2)
  introduce(mine, { id: 'me', name: 'Ada' })
  introduce(mia, { id: 'mia', name: 'Mia' })
  introduce(myOtherTab, { id: 'me', name: 'Ada' })
  tell(mia, mine)
  tell(myOtherTab, mine)
  assert.deepEqual(whoIsHere(mine).map(({ name, isMe }) => [name, isMe]), [['Ada', true], ['Mia', false]])
})

test('whatever others send as their presence, it becomes a person or nobody', () => {
  for (const state of [null, 1, 'x', {}, { user: null }, { user: 'x' }]) assert.equal(readPerson(1, state, false), null)
  for (const hue of [-1, HUES, 1.5, '3', 'red; background: url(//x)', null]) {
    const person = readPerson(7, { user: { name: '', hue } }, false)
    assert.ok(person && Number.isInteger(person.hue) && person.hue >= 0 && person.hue < HUES)
    assert.equal(person.name, 'Someone')
  }
  assert.equal(readPerson(1, { user: { name: 'x'.repeat(999) } }, false)?.name.length, 40)
})

test('a name and its address are each other’s inverse', () => {
  for (const name of ['notes', 'a/b', 'ö ?#%', '..a', '日本', '%2F']) {
    assert.equal(problemWith(name), null)
    assert.equal(nameIn(pathOf(name)), name)
  }
  assert.equal(nameIn('/d/a/b'), 'a/b')
  for (const path of ['/d/', '/d', '/x/a', '/d/%', '/d/%ff', '/d/..', '/d/%00']) assert.equal(nameIn(path), null, path)
})

test('names that the server refuses are refused with the reason', () => {
  for (const name of ['', '.', '..', 'a\u0000', 'a\nb', '\ud800', 'é'.repeat(129)]) assert.equal(typeof problemWith(name), 'string', JSON.stringify(name))
  assert.equal(problemWith('é'.repeat(128)), null)
})

test('times are told in the largest whole unit', () => {
  assert.equal(ago(0, 59_000, 'en'), 'now')
  assert.equal(ago(0, 60_000, 'en'), '1 minute ago')
  assert.equal(ago(0, 86_400_000 * 1.9, 'en'), 'yesterday')
  assert.equal(ago(5000, 0, 'en'), 'now')
})
