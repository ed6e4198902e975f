// The line below code: its language, its indent, where the caret stands. Native menus, which work everywhere and
// stay open whatever others type.
import { html, render, useComputed } from '../../../../vendor/view.js'
import { t } from '../../../i18n/index.js'
import { SIZES, chooseIndent, indentOf, readIndent, writeIndent } from './indent.js'
import { LANGUAGE_NAMES, chooseLanguage, languageOf } from './languages.js'

/**
 * Draws the strip into `parent`, again when `settings` or the caret's place change.
 * @param {HTMLElement} parent
 * @param {import('../../../../vendor/core.js').Y.Doc} doc
 * @param {import('../editor.js').TextEditor} editor
 * @param {{ value: number }} settings ticks when language, colours or indent changed
 * @param {() => boolean} isTooLong for colours
 */
export function drawStrip(parent, doc, editor, settings, isTooLong) {
  const strip = () => html`<${Settings} doc=${doc} editor=${editor} settings=${settings} isTooLong=${isTooLong} /><${Place} editor=${editor} />`
  render(html`<${strip} />`, parent)
  return () => render(html``, parent)
}

/** @param {{ doc: import('../../../../vendor/core.js').Y.Doc, editor: import('../editor.js').TextEditor, settings: { value: number }, isTooLong: () => boolean }} props */
function Settings({ doc, editor, settings, isTooLong }) {
  // A menu that is drawn again while open would close; so it is only when what it shows changed.
  void settings.value
  const canEdit = useComputed(() => editor.changed.value >= 0 && editor.canEdit()).value
  const lang = languageOf(doc)
  const indent = writeIndent(indentOf(doc, editor.view.state.doc))
  return html`
    <span class="strip-field">
      <select aria-label=${t('text.language')} disabled=${!canEdit} value=${lang} onChange=${(/** @type {any} */ event) => chooseLanguage(doc, event.target.value)}>
        <option value="">${t('text.language.plain')}</option>
        ${Object.entries(LANGUAGE_NAMES).map(([key, name]) => html`<option key=${key} value=${key}>${name}</option>`)}
      </select>
    </span>
    <span class="strip-field">
      <select aria-label=${t('text.indent')} disabled=${!canEdit} value=${indent} onChange=${(/** @type {any} */ event) => chooseIndent(doc, /** @type {any} */ (readIndent(event.target.value)))}>
        ${[false, true].flatMap(isTabs => SIZES.map(size => html`<option key=${writeIndent({ size, isTabs })} value=${writeIndent({ size, isTabs })}>${t(isTabs ? 'text.indent.tabs' : 'text.indent.spaces', { size })}</option>`))}
      </select>
    </span>
    ${isTooLong() && html`<span class="strip-note">${t('text.too-long')}</span>`}
  `
}

/** @param {{ editor: import('../editor.js').TextEditor }} props */
function Place({ editor }) {
  const place = useComputed(() => {
    void editor.changed.value
    const { doc, selection } = editor.view.state
    const line = doc.lineAt(selection.main.head)
    return t('text.place', { line: line.number, column: selection.main.head - line.from + 1 })
  })
  return html`<span class="strip-place">${place.value}</span>`
}
