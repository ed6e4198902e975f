// Where people sign in at the app around this one, as the server writes it into its pages (`--sign-in-url`). Leads nowhere
// else: only the place that is marked in it is filled in, with the address to come back to.

/** What the address to come back to stands for. */
const PLACE = '{url}'

/** The address to sign in at and come back here from; null where there is none. */
export function signInAddress() {
  const written = globalThis.document?.documentElement?.dataset?.signIn
  return written ? written.replace(PLACE, () => encodeURIComponent(comeBack())) : null
}

/** This page without its share link: that is kept on this device and no business of whoever signs people in. */
function comeBack() {
  const { href, hash } = location
  return hash.startsWith('#share=') ? href.slice(0, -hash.length) : href
}
