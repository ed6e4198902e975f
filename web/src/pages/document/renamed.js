// The document was given another name while it is open here: its address and what this device remembers of it
// follow. The connection and the copy have done so already. Fetched when it happens.
import { kindOf, rememberKind } from '../../device/kinds.js'
import { pathOf } from '../../device/names.js'
import { renameRecent } from '../../device/recent.js'
import { t } from '../../i18n/index.js'
import '../../i18n/shell_parts.js'
import { moveLink } from '../../mount/token.js'
import { toast } from '../../ui/toast.js'

/** @param {string} before @param {string} name */
export function goAlong(before, name) {
  moveLink(before, name)
  history.replaceState(history.state, '', pathOf(name) + location.hash)
  const kind = kindOf(before)
  if (kind) rememberKind(name, kind)
  renameRecent(before, name)
  toast(t('shell.renamed', { name }))
}
