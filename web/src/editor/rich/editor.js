// The editor of rich documents: Tiptap with our schema, binding, keys and menus. Whoever opens it has made
// sure that the schema can hold the document.
import { Dropcursor, Editor, Gapcursor, ListKeymap, Placeholder } from '../../../vendor/rich.js'
import { language, t } from '../../i18n/index.js'
import { bindTo } from './binding.js'
import { CaretElements } from './caret_elements.js'
import { remoteCarets } from './carets.js'
import { richCommands } from './commands.js'
import { holdWhileComposing } from './hold.js'
import { richKeys } from './keys.js'
import { AutoLink } from './link.js'
import { linkClicks } from './link_clicks.js'
import { richPaste } from './paste.js'
import { bubble } from './pointing.js'
import { schemaExtensions } from './schema.js'
import { slashMenu } from './slash.js'
import { SmallSteps } from './small_steps.js'
import { StayInPlace } from './stay.js'
import { Tables } from './tables.js'

/**
 * @param {HTMLElement} paper where the text goes
 * @param {HTMLElement} around where menus float
 * @param {import('../contract.js').EditorContext} context
 * @param {import('../../../vendor/core.js').Y.XmlFragment} fragment
 * @param {() => void} onChange
 * @param {() => void} onStale the view cannot follow the document any more
 */
export function openRichEditor(paper, around, context, fragment, onChange, onStale) {
  const elements = new CaretElements()
  const ask = {
    link: () => void import('./ask.js').then(forms => forms.askForLink(editor, around)),
    image: () => void import('./ask.js').then(forms => forms.askForImage(editor, around)),
  }
  /** @type {import('../contract.js').EditorCommand[] | null} */
  let commands = null
  let listedIn = ''
  const listed = () => {
    if (listedIn !== language.value) commands = null
    listedIn = language.value
    return (commands ??= richCommands(editor, ask))
  }
  /** @type {Editor | undefined} */
  let made
  const editor = new Editor({
    element: paper,
    injectCSS: false,
    // It walks every change to announce deletions that nobody here listens to.
    enableCoreExtensions: { delete: false },
    editorProps: { attributes: () => describe(made?.isEditable ?? true) },
    extensions: [
      ...schemaExtensions(),
      Tables,
      bindTo(fragment, onStale),
      SmallSteps,
      StayInPlace,
      remoteCarets(context.awareness, context.readPerson, elements),
      holdWhileComposing(context.onComposition),
      richKeys(ask),
      slashMenu(around, ask),
      bubble(around, listed),
      AutoLink,
      linkClicks(ask),
      richPaste(around, context),
      ListKeymap,
      Gapcursor,
      Dropcursor.configure({ color: false, class: 'drop-cursor', width: 2 }),
      Placeholder.configure({ placeholder: () => t('rich.placeholder'), showOnlyWhenEditable: true }),
    ],
    onTransaction() {
      commands = null
      onChange()
    },
  })
  made = editor
  return { editor, elements, commands: listed }
}

/** What assistive technology is told about the text. @param {boolean} isEditable @returns {Record<string, string>} */
function describe(isEditable) {
  const shared = { 'aria-label': t('rich.text'), 'aria-describedby': 'editor-help', tabindex: '0' }
  return isEditable
    ? { ...shared, role: 'textbox', 'aria-multiline': 'true', spellcheck: 'true', autocorrect: 'on', autocapitalize: 'sentences' }
    : { ...shared, role: 'document' }
}
