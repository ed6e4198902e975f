// Brings the texts of the text editors. Modules that say them import this.
import { text } from './en/text.js'
import { addTexts } from './index.js'

addTexts(text)
