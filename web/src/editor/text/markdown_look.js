// Which parts of Markdown look like what: class names for editor.css. The marks stay visible, as this is
// an editor of plain text.
import { HighlightStyle, syntaxHighlighting, tags } from '../../../vendor/text.js'

/** An editor extension. */
export const markdownLook = syntaxHighlighting(
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
    { tag: tags.atom, class: 'md-task' },
  ]),
)
