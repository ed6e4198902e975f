// What was moved to the bin on a document's page, for the home page to tell and to take back. Lasts as long as the tab.
import { BASE } from '../mount/index.js'

const KEY = `coscribe.removed${BASE}`

/** @param {{ name: string, title: string }} document */
export function noteRemoved(document) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(document))
  } catch {
    // Without storage the bin is where to look.
  }
}

/** Reads and forgets it. @returns {{ name: string, title: string } | null} */
export function takeRemoved() {
  try {
    const noted = JSON.parse(sessionStorage.getItem(KEY) ?? 'null')
    sessionStorage.removeItem(KEY)
    return typeof noted?.name === 'string' && typeof noted.title === 'string' ? noted : null
  } catch {
    return null
  }
}
