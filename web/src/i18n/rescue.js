// Brings the texts of keeping what cannot be sent. Modules that say them import this.
import { rescue } from './en/rescue.js'
import { addTexts } from './index.js'

addTexts(rescue)
