// A document that is in the bin or that the server does not have: since when, and the ways back. Fetched when needed.
import { Documents } from '../../api/documents.js'
import { explain } from '../../api/problems.js'
import { language, t } from '../../i18n/index.js'
import '../../i18n/status.js'
import { toast } from '../../ui/toast.js'

/** @typedef {import('./desk.js').Desk} Desk */

/** @param {Desk} desk */
const documents = desk => new Documents(() => desk.me.value.name)

/** When it was deleted, in words; empty where the server keeps its lists to itself. @param {Desk} desk */
export async function sinceWhen(desk) {
  const found = await documents(desk).list({ bin: true, query: desk.name }).catch(() => null)
  const deleted = found?.documents.find(({ name }) => name === desk.name)?.deleted
  if (!deleted) return ''
  return t('status.in-bin.since', { date: new Intl.DateTimeFormat(language.value, { dateStyle: 'long', timeStyle: 'short' }).format(deleted) })
}

/** Takes it out of the bin and goes on where everything stopped. @param {Desk} desk */
export async function restore(desk) {
  try {
    await documents(desk).restore(desk.name)
    desk.provider.resume()
  } catch (error) {
    toast(explain(error))
  }
}

/** Begins a new document of this name, without what the earlier one left here. @param {Desk} desk */
export async function create(desk) {
  await desk.provider.dropCopy()
  location.reload()
}
