// Brings the texts of the state of a document. Modules that say them import this.
import { status } from './en/status.js'
import { addTexts } from './index.js'

addTexts(status)
