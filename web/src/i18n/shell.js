// Brings the texts of the document page as it is first seen. Modules that say them import this.
import { shell } from './en/shell.js'
import { addTexts } from './index.js'

addTexts(shell)
