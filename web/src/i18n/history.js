// Brings the texts of the timeline and of authors' colours. Modules that say them import this.
import { history } from './en/history.js'
import { addTexts } from './index.js'

addTexts(history)
