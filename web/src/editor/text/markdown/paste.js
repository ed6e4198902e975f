// Pastes formatted text as Markdown, which the server makes of HTML; when it cannot, or not soon, as plain text.
// The place waits for the answer and moves along with edits meanwhile.
import { EditorView, StateEffect, StateField } from '../../../../vendor/text.js'
import { inApp } from '../../../mount/index.js'

const CONVERT = inApp('/api/v1/convert?from=html&to=md')
/** Longest wait for the server, in ms, and the largest HTML sent. */
const PATIENCE = 3000
const LARGEST = 1 << 20

/** HTML that says no more than its text would only come back with marks escaped. */
const FORMATTED = /<(?:a\s|b>|b\s|strong|i>|i\s|em[\s>]|h[1-6]|ul|ol|li|table|blockquote|pre|code|img|s>|del|hr)/i

/** @typedef {{ id: object, from: number, to: number }} Place */

/** @type {import('@codemirror/state').StateEffectType<Place>} */
const waits = StateEffect.define()
/** @type {import('@codemirror/state').StateEffectType<object>} */
const arrived = StateEffect.define()

/** Where answers will go. @type {StateField<Place[]>} */
const waiting = StateField.define({
  create: () => /** @type {Place[]} */ ([]),
  update(places, transaction) {
    let next = transaction.docChanged ? places.map(place => moved(place, transaction.changes)) : places
    for (const effect of transaction.effects) {
      if (effect.is(waits)) next = [...next, effect.value]
      if (effect.is(arrived)) next = next.filter(({ id }) => id !== effect.value)
    }
    return next
  },
})

/** What others write at its edges is not replaced. @param {Place} place @param {import('../extension.js').ChangeDesc} changes @returns {Place} */
function moved({ id, from, to }, changes) {
  const start = changes.mapPos(from, from === to ? -1 : 1)
  return { id, from: start, to: Math.max(start, changes.mapPos(to, -1)) }
}

const handler = EditorView.domEventHandlers({
  paste(event, view) {
    const data = event.clipboardData
    const html = data?.getData('text/html') ?? ''
    const text = data?.getData('text/plain') ?? ''
    const isCode = [...(data?.types ?? [])].includes('vscode-editor-data')
    const isAddress = /^\s*https?:\/\/\S+\s*$/.test(text)
    if (view.state.readOnly || isCode || isAddress || html.length > LARGEST || !FORMATTED.test(html)) return false
    event.preventDefault()
    const { from, to } = view.state.selection.main
    const id = {}
    view.dispatch({ effects: waits.of({ id, from, to }) })
    toMarkdown(html).then(markdown => put(view, id, markdown || text.replace(/\r\n?/g, '\n')))
    return true
  },
})

/** @param {EditorView} view @param {object} id @param {string} text */
function put(view, id, text) {
  const place = view.state.field(waiting, false)?.find(waits => waits.id === id)
  if (!place) return
  const { from, to } = place
  const isHere = view.state.selection.main.to === to
  view.dispatch({
    changes: { from, to, insert: text },
    ...(isHere ? { selection: { anchor: from + text.length }, scrollIntoView: true } : {}),
    effects: arrived.of(id),
    userEvent: 'input.paste',
  })
}

/** Null when the server did not answer. @param {string} html @returns {Promise<string | null>} */
async function toMarkdown(html) {
  try {
    const answer = await fetch(CONVERT, { method: 'POST', headers: { 'content-type': 'text/html; charset=utf-8', 'x-coscribe': '1' }, body: html, signal: AbortSignal.timeout(PATIENCE) })
    return answer.ok ? (await answer.text()).replace(/\r\n?/g, '\n').trim() : null
  } catch {
    return null
  }
}

/** An editor extension. */
export const pasteAsMarkdown = [waiting, handler]
