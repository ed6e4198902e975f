// Brings the texts of the rich text editor. Modules that say them import this.
import { rich } from './en/rich.js'
import { addTexts } from './index.js'

addTexts(rich)
