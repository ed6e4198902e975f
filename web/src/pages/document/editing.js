// Opens the editor for the document's kind when its content is here, opens another when the kind changes, and
// sees to it that a new document says what it is with its first edit; looking at one writes nothing.
import { effect } from '../../../vendor/view.js'
import { rememberKind } from '../../device/kinds.js'
import { rememberRecent } from '../../device/recent.js'
import { settings } from '../../device/settings.js'
import { openEditor } from '../../editor/open.js'
import { readPerson } from '../../presence/people.js'
import { ROOTS, SCHEMA, readMeta, writeMeta } from '../../sync/meta.js'
import { announce } from '../../ui/live.js'
import { toast } from '../../ui/toast.js'
import { element } from './desk.js'

/** @typedef {import('./desk.js').Desk} Desk */

/** What the server takes at once when it did not say, in bytes. */
const LARGEST_UPDATE = 4 << 20

/** @param {Desk} desk */
export function startEditing(desk) {
  const { provider, meta } = desk
  let isStarted = false
  provider.subscribe(() => {
    const { loaded, stop } = provider.facts
    if (stop) desk.canEdit.value = false
    element('editor').classList.toggle('is-stopped', stop !== null)
    if (!loaded || isStarted || (stop && !desk.editor.value)) return
    isStarted = true
    const isNew = readMeta(provider.doc).kind === null
    sayWhatItIs(desk)
    show(desk, readMeta(provider.doc).kind ?? desk.kind.value).then(() => {
      if (matchMedia('(pointer: fine)').matches && document.activeElement === document.body) desk.editor.value?.focus()
      if (!isNew) rememberRecent(desk.name, Date.now())
    })
  })
  provider.doc.getMap(ROOTS.meta).observe(() => (meta.value = readMeta(provider.doc)))
  effect(() => desk.editor.value?.setEditable(desk.canEdit.value && desk.problem.value === null))
  tickWithFrames(desk)
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
    largestUpdate: LARGEST_UPDATE,
  })
  // The kind may have changed again while its editor was fetched.
  if (desk.kind.value !== kind) return editor.destroy()
  desk.editor.value = editor
  spellingAsChosen(place)
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

/** @param {HTMLElement} place */
function spellingAsChosen(place) {
  effect(() => {
    const isOn = settings.spelling.value === 'on' && place.dataset.kind !== 'code'
    for (const text of place.querySelectorAll(/** @type {'div'} */ ('[contenteditable]'))) text.spellcheck = isOn
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
