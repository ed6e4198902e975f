// All texts (de).
import { common } from './common.js'
import { home } from './home.js'
import { rich } from './rich.js'
import { shell } from './shell.js'
import { status } from './status.js'
import { text } from './text.js'

export const de = { ...common, ...home, ...rich, ...shell, ...status, ...text }
