// The boxes of tasks, `[ ]` and `[x]`, clickable; they stay text. By keyboard the
// command does the same. The preview uses the same edit.
import { Decoration, EditorView, MatchDecorator, ViewPlugin } from '../../../../vendor/text.js'

const TASK = /^([ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+)\[([ xX])\](?=[ \t])/

/** A change that ticks or clears the task of a line; null when it has none. @param {import('../extension.js').Text} doc @param {number} number of the line, from 1 @returns {{ from: number, to: number, insert: string } | null} */
export function toggleTask(doc, number) {
  if (number < 1 || number > doc.lines) return null
  const line = doc.line(number)
  const task = line.text.match(TASK)
  if (!task) return null
  const from = line.from + task[1].length + 1
  return { from, to: from + 1, insert: task[2] === ' ' ? 'x' : ' ' }
}

/** @param {EditorView} view @param {number} number */
export function dispatchTask(view, number) {
  const changes = view.state.readOnly ? null : toggleTask(view.state.doc, number)
  if (changes) view.dispatch({ changes, userEvent: 'input.task' })
  return changes !== null
}

const open = Decoration.mark({ class: 'md-box' })
const done = Decoration.mark({ class: 'md-box is-done' })

const boxes = new MatchDecorator({
  regexp: /\[[ xX]\](?=[ \t])/g,
  decorate(add, from, to, match, view) {
    const line = view.state.doc.lineAt(from)
    const task = line.text.match(TASK)
    if (task && line.from + task[1].length === from) add(from, to, match[0] === '[ ]' ? open : done)
  },
})

/** An editor extension. */
export const taskBoxes = ViewPlugin.define(
  view => ({
    decorations: boxes.createDeco(view),
    /** @param {import('../../../../vendor/text.js').ViewUpdate} update */
    update(update) {
      this.decorations = boxes.updateDeco(update, this.decorations)
    },
  }),
  {
    decorations: plugin => plugin.decorations,
    eventHandlers: {
      mousedown(event, view) {
        const box = event.button === 0 && event.target instanceof Element ? event.target.closest('.md-box') : null
        if (!box) return false
        event.preventDefault()
        return dispatchTask(view, view.state.doc.lineAt(view.posAtDOM(box)).number)
      },
    },
  },
)
