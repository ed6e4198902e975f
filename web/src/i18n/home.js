// Brings the texts of home, the bin and files. Modules that say them import this.
import { home } from './en/home.js'
import { addTexts } from './index.js'

addTexts(home)
