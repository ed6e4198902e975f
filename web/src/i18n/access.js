// Brings the texts of asking for access. Modules that say them import this.
import { access } from './en/access.js'
import { addTexts } from './index.js'

addTexts(access)
