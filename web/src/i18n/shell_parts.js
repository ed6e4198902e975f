// Brings the texts of what the document page shows when asked. Modules that say them import this.
import { shellParts } from './en/shell_parts.js'
import { addTexts } from './index.js'

addTexts(shellParts)
