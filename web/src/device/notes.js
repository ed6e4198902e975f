// One note from a page to the next in this tab, such as what was just moved to the bin. Read once.

const KEY = 'coscribe.note'

/** @typedef {{ binned: string, title: string }} Note */

/** @param {Note} note */
export function leaveNote(note) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(note))
  } catch {
    // Without storage the next page says nothing; the bin has the document all the same.
  }
}

/** @returns {Note | null} */
export function takeNote() {
  try {
    const note = JSON.parse(sessionStorage.getItem(KEY) ?? 'null')
    sessionStorage.removeItem(KEY)
    return typeof note?.binned === 'string' && typeof note.title === 'string' ? note : null
  } catch {
    return null
  }
}
