// QR codes, compared with those that another reader has read.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { qrOf } from '../src/ui/qr.js'

/** What an independent reader (jsQR 1.4) read as the text it was written from. */
const READ = [
  ['https://docs.example/d/plan', 'c8048fa7a87d8401'],
  ['https://docs.example/d/plan#share=cs_0123456789abcdefabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ', '4ce2f46a52ca0bf7'],
  [`https://docs.example/d/${'%C3%B6'.repeat(40)}#share=cs_0123456789abcdefabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ`, '806c0c30f7d14fc7'],
]

/** @param {boolean[][]} code */
const printOf = code => createHash('sha256').update(code.map(row => row.map(Number).join('')).join('\n')).digest('hex').slice(0, 16)

test('codes are those that were read by another reader', () => {
  for (const [text, print] of READ) assert.equal(printOf(qrOf(text) ?? []), print, text)
})

test('a code is as small as its text allows, has its three corners, and ends where a phone would not read it', () => {
  const sizes = [14, 15, 26, 27, 412].map(length => qrOf('x'.repeat(length))?.length)
  assert.deepEqual(sizes, [21, 25, 25, 29, 77])
  assert.equal(qrOf('x'.repeat(413)), null)
  const corner = ['1111111', '1000001', '1011101', '1011101', '1011101', '1000001', '1111111']
  for (const text of ['x', 'ö'.repeat(60), 'y'.repeat(400)]) {
    const code = qrOf(text) ?? []
    const at = (/** @type {number} */ x, /** @type {number} */ y) => Array.from({ length: 7 }, (_, row) => code[y + row].slice(x, x + 7).map(Number).join(''))
    for (const [x, y] of [[0, 0], [code.length - 7, 0], [0, code.length - 7]]) assert.deepEqual(at(x, y), corner)
  }
})
