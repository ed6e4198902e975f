// Editing whole lines of Markdown: headings, lists, tasks, quotes, code, tables, dividers. From a state to a change;
// draws and dispatches nothing.
import { EditorSelection } from '../../../../vendor/text.js'

/** @typedef {import('../extension.js').EditorState} EditorState */
/** @typedef {import('../extension.js').TransactionSpec} TransactionSpec */
/** @typedef {{ from: number, to: number, text: string }} Line */
/** @typedef {'bullet' | 'ordered' | 'task'} List */

const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+|$)/
const ITEM = /^([ \t]*)(?:([-*+])|(\d{1,9})([.)]))[ \t]+(\[[ xX]\][ \t]+)?/
const QUOTE = /^ {0,3}> ?/

/** The lines that selections touch; an end at a line's start does not touch it. @param {EditorState} state @returns {Line[]} */
export function touchedLines(state) {
  /** @type {Map<number, Line>} */
  const lines = new Map()
  for (const { from, to } of state.selection.ranges) {
    for (let line = state.doc.lineAt(from); ; line = state.doc.line(line.number + 1)) {
      if (line.from === from || line.from < to || from === to) lines.set(line.from, line)
      if (line.to >= to) break
    }
  }
  return [...lines.values()]
}

/** 0 for what is no heading. @param {EditorState} state */
export function headingLevel(state) {
  return state.doc.lineAt(state.selection.main.head).text.match(HEADING)?.[1].length ?? 0
}

/** Level 0 makes a paragraph; a level that all lines have already, too. @param {EditorState} state @param {number} level @returns {TransactionSpec} */
export function setHeading(state, level) {
  const lines = filled(touchedLines(state))
  const isSame = lines.every(({ text }) => text.match(HEADING)?.[1].length === level)
  const sign = level === 0 || isSame ? '' : `${'#'.repeat(level)} `
  return replaceStarts(state, lines.map(line => ({ line, start: line.text.match(HEADING)?.[0] ?? '', sign })))
}

/** Nothing, 1, 2, 3, nothing … @param {EditorState} state */
export function cycleHeading(state) {
  return setHeading(state, (headingLevel(state) + 1) % 4)
}

/** @param {string} text @returns {List | null} */
function listOf(text) {
  const item = text.match(ITEM)
  if (!item) return null
  return item[5] ? 'task' : item[2] ? 'bullet' : 'ordered'
}

/** @param {EditorState} state @param {List} list */
export function isList(state, list) {
  return listOf(state.doc.lineAt(state.selection.main.head).text) === list
}

/** @param {EditorState} state */
export function isInList(state) {
  return touchedLines(state).every(({ text }) => listOf(text) !== null)
}

/** Makes lines items of a list, or paragraphs when all are such items. @param {EditorState} state @param {List} list @returns {TransactionSpec} */
export function toggleList(state, list) {
  const lines = filled(touchedLines(state))
  const isSame = lines.every(({ text }) => listOf(text) === list)
  return replaceStarts(state, lines.map((line, index) => {
    const item = line.text.match(ITEM)
    const indent = item?.[1] ?? ''
    const sign = isSame ? '' : list === 'bullet' ? '- ' : list === 'task' ? '- [ ] ' : `${index + 1}. `
    return { line, start: item?.[0] ?? '', sign: indent + sign }
  }))
}

/** @param {EditorState} state */
export function isQuote(state) {
  return QUOTE.test(state.doc.lineAt(state.selection.main.head).text)
}

/** @param {EditorState} state @returns {TransactionSpec} */
export function toggleQuote(state) {
  const lines = touchedLines(state)
  const isSame = lines.every(({ text }) => QUOTE.test(text))
  return replaceStarts(state, lines.map(line => ({ line, start: isSame ? (line.text.match(QUOTE)?.[0] ?? '') : '', sign: isSame ? '' : '> ' })))
}

/** Puts the lines between fences longer than any in them. @param {EditorState} state @returns {TransactionSpec} */
export function codeBlock(state) {
  const lines = touchedLines(state)
  const [first, last] = [lines[0], lines[lines.length - 1]]
  const text = state.sliceDoc(first.from, last.to)
  const longest = Math.max(2, ...[...text.matchAll(/^ {0,3}(`{3,})/gm)].map(([, ticks]) => ticks.length))
  const ticks = '`'.repeat(longest + 1)
  const caret = state.selection.main.head - first.from
  return {
    changes: { from: first.from, to: last.to, insert: `${ticks}\n${text}\n${ticks}` },
    selection: EditorSelection.cursor(first.from + ticks.length + 1 + caret),
    userEvent: 'input.format',
    scrollIntoView: true,
  }
}

/** @param {EditorState} state @param {[string, string]} headings @returns {TransactionSpec} */
export function insertTable(state, [one, two]) {
  const table = `| ${one} | ${two} |\n| --- | --- |\n|  |  |`
  return insertBlock(state, table, 2, 2 + one.length)
}

/** @param {EditorState} state @returns {TransactionSpec} */
export const insertDivider = state => insertBlock(state, '---\n\n', 5, 5)

/** Puts a block on lines of its own after the caret's. @param {EditorState} state @param {string} block @param {number} from of what is selected in it @param {number} to @returns {TransactionSpec} */
function insertBlock(state, block, from, to) {
  const line = state.doc.lineAt(state.selection.main.head)
  const isEmpty = line.text.trim() === ''
  const before = isEmpty ? (line.number > 1 && state.doc.line(line.number - 1).text.trim() !== '' ? '\n' : '') : '\n\n'
  const start = (isEmpty ? line.from : line.to) + before.length
  const after = block.endsWith('\n') || line.number === state.doc.lines || state.doc.line(line.number + 1).text.trim() === '' ? '' : '\n'
  return {
    changes: { from: isEmpty ? line.from : line.to, to: line.to, insert: before + block + after },
    selection: EditorSelection.range(start + from, start + to),
    userEvent: 'input.format',
    scrollIntoView: true,
  }
}

/** Empty lines stay empty, unless there is nothing else. @param {Line[]} lines */
function filled(lines) {
  const some = lines.filter(({ text }) => text.trim() !== '')
  return some.length > 0 ? some : lines.slice(0, 1)
}

/** @param {EditorState} state @param {{ line: Line, start: string, sign: string }[]} edits @returns {TransactionSpec} */
function replaceStarts(state, edits) {
  const changes = state.changes(edits.map(({ line, start, sign }) => ({ from: line.from, to: line.from + start.length, insert: sign })))
  return { changes, selection: state.selection.map(changes, 1), userEvent: 'input.format', scrollIntoView: true }
}
