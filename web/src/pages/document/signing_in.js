// Goes to sign in at the app around this one, and puts the caret back where it was when people have come back. Fetched
// when it is needed.
import { signInAddress } from '../../mount/sign_in.js'
import { CARET } from './desk.js'

/** @typedef {import('./desk.js').Desk} Desk */

/** What was typed is on this device before the page goes. @param {Desk} desk */
export async function signIn(desk) {
  const cursor = desk.provider.awareness.getLocalState()?.cursor
  try {
    sessionStorage.setItem(CARET, JSON.stringify({ name: desk.name, cursor }))
  } catch {
    // Then the document begins at its top.
  }
  await desk.provider.flush()
  location.assign(signInAddress() ?? location.href)
}

/** Once. The text of others that is still on its way moves the caret along. @param {Desk} desk */
export function comeBack(desk) {
  try {
    const { name, cursor } = JSON.parse(sessionStorage.getItem(CARET) ?? '{}')
    sessionStorage.removeItem(CARET)
    if (name === desk.name) desk.editor.value?.enter(cursor)
  } catch {
    // What is none of ours is no caret.
  }
}
