// What the editor says, in the page's language and again when that changes: labels, the placeholder, the help for
// leaving it, and CodeMirror's own phrases.
import { Compartment, EditorState, EditorView, placeholder } from '../../../vendor/text.js'
import { effect } from '../../../vendor/view.js'
import { language, t } from '../../i18n/index.js'

/** CodeMirror's phrases that people meet, and our keys for them. @type {Record<string, import('../../i18n/index.js').Key>} */
const PHRASES = {
  'Find': 'text.find.find',
  'Replace': 'text.find.replaceWith',
  'next': 'text.find.next',
  'previous': 'text.find.previous',
  'all': 'text.find.all',
  'match case': 'text.find.case',
  'regexp': 'text.find.regexp',
  'by word': 'text.find.word',
  'replace': 'text.find.replace',
  'replace all': 'text.find.replaceAll',
  'close': 'text.find.close',
  'current match': 'text.find.current',
  'on line': 'text.find.onLine',
  'replaced match on line $': 'text.find.replacedOne',
  'replaced $ matches': 'text.find.replaced',
  'Go to line': 'text.goto.line',
  'go': 'text.goto.go',
  'Fold line': 'text.fold.fold',
  'Unfold line': 'text.fold.unfold',
  'Folded lines': 'text.fold.folded',
  'Unfolded lines': 'text.fold.unfolded',
  'to': 'text.fold.to',
  'folded code': 'text.fold.code',
  'unfold': 'text.fold.open',
  'Control character': 'text.control',
  'Selection deleted': 'text.deleted',
}

let helps = 0

/** @param {HTMLElement} parent @param {{ help: import('../../i18n/index.js').Key, hasPlaceholder: boolean }} options */
export function words(parent, { help, hasPlaceholder }) {
  const compartment = new Compartment()
  let canEdit = true
  const note = parent.ownerDocument.createElement('p')
  note.id = `text-help-${helps++}`
  note.hidden = true
  parent.append(note)
  const speak = () => {
    note.textContent = t(help)
    return [
      EditorState.phrases.of(Object.fromEntries(Object.entries(PHRASES).map(([phrase, key]) => [phrase, t(key)]))),
      EditorView.contentAttributes.of({ 'aria-label': t('common.text'), 'aria-describedby': note.id, tabindex: '0' }),
      hasPlaceholder && canEdit ? placeholder(t('text.placeholder')) : [],
    ]
  }
  return {
    extension: compartment.of(speak()),
    /** Nobody is asked to write where they cannot. @param {boolean} isAllowed */
    allow(isAllowed) {
      canEdit = isAllowed
      return compartment.reconfigure(speak())
    },
    /** Speaks each newly chosen language. @param {EditorView} view */
    follow(view) {
      let spoken = language.value
      return effect(() => {
        if (language.value === spoken) return
        spoken = language.value
        view.dispatch({ effects: compartment.reconfigure(speak()) })
      })
    },
  }
}
