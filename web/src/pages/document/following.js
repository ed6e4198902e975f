// Goes where another person goes, from their entry in the panel or the palette. Going on by oneself ends it: moves.js.
import { t } from '../../i18n/index.js'
import '../../i18n/shell.js'
import { follow } from '../../presence/follow.js'
import { announce } from '../../ui/live.js'
import { stopFollowing } from './moves.js'

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('../../presence/people.js').Present} Present */

/** @param {Desk} desk @param {Present} person */
export async function toggleFollow(desk, person) {
  const wasFollowed = desk.following.value?.person.key === person.key
  stopFollowing(desk)
  if (wasFollowed) return
  // The key that asks for it goes on to the window, where a key ends it.
  await new Promise(resolve => setTimeout(resolve))
  const { awareness } = desk.provider
  const stop = follow({
    key: person.key,
    awareness,
    goTo: client => desk.editor.value?.goTo(client) ?? false,
    page: window,
    onStop(why) {
      desk.following.value = null
      announce(t(why === 'left' ? 'shell.follow.left' : 'shell.follow.stopped', person))
    },
  })
  desk.following.value = { person, stop }
  announce(t('shell.follow.now', person))
}
