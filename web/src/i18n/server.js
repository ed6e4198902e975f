// Brings the texts of the page of the server. Modules that say them import this.
import { server } from './en/server.js'
import { addTexts } from './index.js'

addTexts(server)
