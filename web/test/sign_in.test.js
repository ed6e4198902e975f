// Where people are sent to sign in: to the address that the server wrote into the page, and from there back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signInAddress } from '../src/mount/sign_in.js'

/** @param {string | undefined} signIn @param {string} href */
function at(signIn, href) {
  Object.assign(globalThis, { document: { documentElement: { dataset: { signIn } } }, location: new URL(href) })
  try {
    return signInAddress()
  } finally {
    for (const name of ['document', 'location']) Reflect.deleteProperty(globalThis, name)
  }
}

test('nobody is sent anywhere unless the server says where', () => {
  assert.equal(at(undefined, 'https://docs.example/d/plan'), null)
  assert.equal(signInAddress(), null)
})

test('the address to come back to is one value of the address to sign in at, whatever the document is called', () => {
  const app = 'https://app.example/login?next={url}&from=docs'
  assert.equal(at(app, 'https://docs.example/d/plan?kind=code#L7'), 'https://app.example/login?next=https%3A%2F%2Fdocs.example%2Fd%2Fplan%3Fkind%3Dcode%23L7&from=docs')
  for (const name of ['{url}', "$&$'$`", '&next=https://evil.example', '@evil.example/']) {
    const url = new URL(String(at(app, `https://docs.example/d/${encodeURIComponent(name)}`)))
    assert.equal(url.origin, 'https://app.example')
    assert.deepEqual([...url.searchParams.keys()], ['next', 'from'])
    assert.equal(url.searchParams.get('next'), `https://docs.example/d/${encodeURIComponent(name)}`)
  }
})

test('a share link is not told to whoever signs people in', () => {
  assert.equal(at('/login?next={url}', 'https://docs.example/d/plan#share=cs_secret'), '/login?next=https%3A%2F%2Fdocs.example%2Fd%2Fplan')
})
