// Opens the editor for the document's kind when its content is here, opens another when the kind changes, and
// sees to it that a new document says what it is with its first edit; looking at one writes nothing.
import { effect, untracked } from '../../../vendor/view.js'
import { rememberKind } from '../../device/kinds.js'
import { rememberRecent } from '../../device/recent.js'
import { settings } from '../../device/settings.js'
import { openEditor } from '../../editor/open.js'
import { t } from '../../i18n/index.js'
import { readPerson } from '../../presence/people.js'
import { ROOTS, SCHEMA, readMeta, writeMeta } from '../../sync/meta.js'
import { announce } from '../../ui/live.js'
import { toast } from '../../ui/toast.js'
import { CARET, element } from './desk.js'

/** @typedef {import('./desk.js').Desk} Desk */

/** @param {Desk} desk */
export function startEditing(desk) {
  const { provider, meta } = desk
  let isStarted = false
  provider.subscribe(() => {
    const { loaded, copied, stop } = provider.facts
    desk.canEdit.value = desk.status.value.canEdit
    element('editor').classList.toggle('is-stopped', stop !== null && !desk.canEdit.value)
    if (isStarted || !(loaded || copied)) return
    isStarted = true
    const isNew = readMeta(provider.doc).kind === null
    sayWhatItIs(desk)
    show(desk, readMeta(provider.doc).kind ?? desk.kind.value).then(() => {
      if (matchMedia('(pointer: fine)').matches && document.activeElement === document.body) desk.editor.value?.focus()
      if (!isNew) rememberRecent(desk.name, Date.now())
      if (wasSentAway()) import('./signing_in.js').then(({ comeBack }) => comeBack(desk))
    })
  })
  provider.doc.getMap(ROOTS.meta).observe(() => (meta.value = readMeta(provider.doc)))
  effect(() => {
    const editor = desk.editor.value
    const canEdit = desk.canEdit.value && desk.problem.value === null
    untracked(() => editor?.setEditable(canEdit))
  })
  effect(() => {
    const isOn = desk.editor.value !== null && settings.spelling.value === 'on' && desk.kind.value !== 'code'
    const label = t('common.text')
    for (const text of element('editor').querySelectorAll(/** @type {'div'} */ ('.cm-content, .ProseMirror'))) {
      text.spellcheck = isOn
      text.ariaLabel = label
    }
  })
  tickWithFrames(desk)
}

/** Whether this tab went to sign in and is back. */
function wasSentAway() {
  try {
    return sessionStorage.getItem(CARET) !== null
  } catch {
    return false
  }
}

/** @param {Desk} desk @param {import('../../sync/meta.js').Kind} kind */
async function show(desk, kind) {
  const { provider } = desk
  const place = element('editor')
  desk.editor.value?.destroy()
  desk.editor.value = null
  desk.kind.value = kind
  place.dataset.kind = kind
  place.replaceChildren()
  const editor = await openEditor(kind, place, {
    doc: provider.doc,
    awareness: provider.awareness,
    readPerson: (client, state) => readPerson(client, state, false),
    onComposition: isComposing => (isComposing ? provider.hold() : provider.release()),
    announce,
    toast,
    onProblem: problem => (desk.problem.value = problem),
    get largestUpdate() {
      return provider.largest
    },
  })
  // The kind may have changed again while its editor was fetched.
  if (desk.kind.value !== kind) return editor.destroy()
  desk.editor.value = editor
  rememberKind(desk.name, kind)
}

/** @param {Desk} desk */
function sayWhatItIs(desk) {
  const { doc } = desk.provider
  const meta = doc.getMap(ROOTS.meta)
  doc.on('afterTransaction', (/** @type {import('../../../vendor/core.js').Y.Transaction} */ transaction) => {
    if (transaction.changed.size === 0) return
    if (transaction.local && !meta.has('kind')) {
      // Only a document that says nothing at all is ours to name.
      writeMeta(doc, { kind: desk.kind.value, ...(desk.kind.value === 'rich' ? { schema: SCHEMA } : {}) })
      rememberRecent(desk.name, Date.now())
    } else if (!transaction.local) {
      const { kind } = readMeta(doc)
      if (kind && kind !== desk.kind.value) show(desk, kind)
    }
  })
}

/** @param {Desk} desk */
function tickWithFrames(desk) {
  let isDue = false
  effect(() => {
    if (desk.editor.value) desk.editor.value.changed.value
    if (isDue) return
    isDue = true
    requestAnimationFrame(() => {
      isDue = false
      desk.frame.value++
    })
  })
}
