// Shows how others come to the document. Fetched when somebody asks for it.
import { html } from '../../../vendor/view.js'
import { explain } from '../../api/problems.js'
import { Shares } from '../../api/shares.js'
import { pathOf } from '../../device/names.js'
import { isEmpty } from '../../sync/life.js'
import { writeMeta } from '../../sync/meta.js'
import { ShareDialog } from '../../ui/share_dialog.js'
import { openOverlay } from './desk.js'

/** @param {import('./desk.js').Desk} desk */
export function share(desk) {
  const { isOpen, access } = desk.provider.facts
  const standing = isOpen ? 'open' : access === 'owner' ? 'owner' : 'other'
  const shares = new Shares(desk.name, () => desk.me.value.name)
  const page = `${location.origin}${pathOf(desk.name)}`
  const address = (/** @type {string} */ token) => `${page}#share=${token}`
  const links = {
    list: async () => (isEmpty(desk.provider.doc) ? [] : shares.list()),
    make: async (/** @type {import('../../api/shares.js').Wanted} */ wanted) => (await beBorn(desk), shares.make(wanted)),
    end: (/** @type {string} */ id) => shares.end(id),
    address,
    explain,
  }
  // Who came by a link passes the link on.
  const here = standing === 'other' && location.hash.startsWith('#share=') ? page + location.hash : page
  openOverlay(desk, close => html`<${ShareDialog} standing=${standing} page=${here} links=${links} onClose=${close} />`)
}

/** The server knows a document from its first edit on: one that nobody wrote in yet begins by being shared. @param {import('./desk.js').Desk} desk */
async function beBorn({ provider, kind }) {
  if (!isEmpty(provider.doc)) return
  writeMeta(provider.doc, { kind: kind.value })
  await provider.whenSaved()
}
