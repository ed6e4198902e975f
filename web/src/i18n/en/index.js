// All texts (en).
import { access } from './access.js'
import { common } from './common.js'
import { history } from './history.js'
import { home } from './home.js'
import { rescue } from './rescue.js'
import { rich } from './rich.js'
import { server } from './server.js'
import { share } from './share.js'
import { shell } from './shell.js'
import { shellParts } from './shell_parts.js'
import { status } from './status.js'
import { text } from './text.js'

export const en = { ...access, ...common, ...history, ...home, ...rescue, ...rich, ...server, ...share, ...shell, ...shellParts, ...status, ...text }
