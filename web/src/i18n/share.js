// Brings the texts of sharing by links. Modules that say them import this.
import { share } from './en/share.js'
import { addTexts } from './index.js'

addTexts(share)
