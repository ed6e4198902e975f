// Ways to keep a text that cannot be sent: as a new document, or as a file. Fetched when it is needed.
import { html, useEffect, useState } from '../../../vendor/view.js'
import { Y } from '../../../vendor/core.js'
import { Documents } from '../../api/documents.js'
import { pathOf } from '../../device/names.js'
import { Rescue } from '../../ui/rescue.js'
import { sinceWhen } from './absent.js'
import { act } from './keeping.js'

/** @typedef {import('./desk.js').Desk} Desk */

/** @param {{ desk: Desk }} props */
export function Rescuing({ desk }) {
  const status = desk.status.value
  const [since, setSince] = useState('')
  useEffect(() => {
    setSince('')
    if (status.kind === 'in-bin') sinceWhen(desk).then(setSince)
  }, [status.kind])
  return html`<${Rescue} status=${status} more=${since} unsent=${desk.provider.facts.unsaved} hasText=${Boolean(desk.editor.value?.plainText())}
    onKeep=${() => keep(desk)} onDownload=${() => download(desk)} onDiscard=${() => discard(desk)}
    onAction=${(/** @type {import('../../presence/status.js').Action} */ action) => act(desk, action)} />`
}

/** Saves what is here as a document of its own; only then is the copy given up. What is typed meanwhile would be in neither. @param {Desk} desk */
async function keep(desk) {
  const documents = new Documents(() => desk.me.value.name)
  desk.editor.value?.setEditable(false)
  try {
    const state = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (Y.encodeStateAsUpdate(desk.provider.doc))])
    const { name } = await documents.importFile(state, { format: 'yjs', title: desk.meta.value.title, kind: desk.kind.value })
    await desk.provider.dropCopy()
    location.assign(pathOf(name))
  } catch (error) {
    desk.editor.value?.setEditable(desk.canEdit.value && desk.problem.value === null)
    throw error
  }
}

/** @param {Desk} desk */
async function discard(desk) {
  await desk.provider.dropCopy()
  location.reload()
}

/** @param {Desk} desk */
export function download(desk) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([desk.editor.value?.plainText() ?? ''], { type: 'text/markdown' }))
  link.download = `${(desk.meta.value.title || desk.name).replace(/[/\\:*?"<>|]/g, '-')}.md`
  link.click()
  // The browser reads it a little later.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
