// Which parts of code look like what: class names for text.css, where each colour is a property that has enough
// contrast on paper, light and dark.
import { HighlightStyle, syntaxHighlighting, tags } from '../../../../vendor/text.js'

/** An editor extension. */
export const codeLook = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.controlKeyword, tags.definitionKeyword, tags.moduleKeyword], class: 'tok-keyword' },
    { tag: [tags.string, tags.special(tags.string), tags.character, tags.attributeValue], class: 'tok-string' },
    { tag: [tags.regexp, tags.escape, tags.url], class: 'tok-escape' },
    { tag: [tags.number, tags.bool, tags.null, tags.atom, tags.self, tags.unit, tags.color], class: 'tok-number' },
    { tag: [tags.comment, tags.docComment], class: 'tok-comment' },
    { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.macroName], class: 'tok-function' },
    { tag: [tags.typeName, tags.className, tags.namespace, tags.standard(tags.variableName)], class: 'tok-type' },
    { tag: [tags.definition(tags.variableName), tags.definition(tags.propertyName)], class: 'tok-definition' },
    { tag: [tags.propertyName, tags.attributeName, tags.labelName], class: 'tok-property' },
    { tag: [tags.tagName, tags.angleBracket], class: 'tok-tag' },
    { tag: [tags.meta, tags.annotation, tags.processingInstruction], class: 'tok-meta' },
    { tag: [tags.punctuation, tags.operator, tags.separator, tags.bracket], class: 'tok-punctuation' },
    { tag: tags.heading, class: 'tok-heading' },
    { tag: tags.strong, class: 'md-strong' },
    { tag: tags.emphasis, class: 'md-emphasis' },
    { tag: tags.strikethrough, class: 'md-strike' },
    { tag: tags.inserted, class: 'tok-string' },
    { tag: [tags.deleted, tags.invalid], class: 'tok-invalid' },
  ]),
)
