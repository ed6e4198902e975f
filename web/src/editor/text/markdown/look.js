// Which parts of Markdown look like what: class names for text.css. The marks stay visible, as this is an editor
// of plain text.
import { Decoration, HighlightStyle, RangeSetBuilder, ViewPlugin, syntaxHighlighting, syntaxTree, tags } from '../../../../vendor/text.js'

const style = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.heading1, class: 'md-heading md-heading-1' },
    { tag: tags.heading2, class: 'md-heading md-heading-2' },
    { tag: tags.heading3, class: 'md-heading md-heading-3' },
    { tag: [tags.heading4, tags.heading5, tags.heading6], class: 'md-heading' },
    { tag: tags.strong, class: 'md-strong' },
    { tag: tags.emphasis, class: 'md-emphasis' },
    { tag: tags.strikethrough, class: 'md-strike' },
    { tag: tags.monospace, class: 'md-code' },
    { tag: tags.quote, class: 'md-quote' },
    { tag: [tags.link, tags.url], class: 'md-link' },
    { tag: [tags.processingInstruction, tags.contentSeparator], class: 'md-mark' },
    { tag: tags.labelName, class: 'md-mark' },
  ]),
)

const fence = Decoration.line({ class: 'md-fence' })
const quote = Decoration.line({ class: 'md-quoted' })
/** @type {Record<string, Decoration>} */
const LINES = { FencedCode: fence, CodeBlock: fence, Table: Decoration.line({ class: 'md-table' }), Blockquote: quote }

/** Whole lines of code, tables and quotes, in what is seen. @param {import('@codemirror/view').EditorView} view */
function lineLooks(view) {
  /** @type {Map<number, Set<Decoration>>} */
  const lines = new Map()
  for (const { from, to } of view.visibleRanges) {
    syntaxTree(view.state).iterate({
      from,
      to,
      enter(node) {
        const look = LINES[node.name]
        if (!look) return
        const last = Math.min(node.to, to)
        for (let line = view.state.doc.lineAt(Math.max(node.from, from)); ; line = view.state.doc.line(line.number + 1)) {
          lines.set(line.from, (lines.get(line.from) ?? new Set()).add(look))
          if (line.to >= last) break
        }
      },
    })
  }
  /** @type {RangeSetBuilder<Decoration>} */
  const builder = new RangeSetBuilder()
  for (const from of [...lines.keys()].sort((a, b) => a - b)) for (const look of lines.get(from) ?? []) builder.add(from, from, look)
  return builder.finish()
}

const lines = ViewPlugin.fromClass(
  class {
    /** @param {import('@codemirror/view').EditorView} view */
    constructor(view) {
      this.decorations = lineLooks(view)
    }

    /** @param {import('../../../../vendor/text.js').ViewUpdate} update */
    update(update) {
      const isReparsed = syntaxTree(update.startState) !== syntaxTree(update.state)
      if (update.docChanged || update.viewportChanged || isReparsed) this.decorations = lineLooks(update.view)
    }
  },
  { decorations: plugin => plugin.decorations },
)

/** An editor extension. */
export const markdownLook = [style, lines]
