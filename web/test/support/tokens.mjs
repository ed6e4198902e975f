// What an app in front of the server gives its people: tokens that say who they are and what they may do.
import { createHmac } from 'node:crypto'

/** For `--auth-secret`. */
export const SECRET = 'the secret of the app in this test'

/** @param {Record<string, string>} documents names and roles @param {string} name the person's @param {number} [lasts] seconds @param {string} [secret] */
export function token(documents, name, lasts = 3600, secret = SECRET) {
  const part = (/** @type {unknown} */ json) => Buffer.from(JSON.stringify(json)).toString('base64url')
  const message = `${part({ alg: 'HS256' })}.${part({ sub: name, name, documents, exp: Math.floor(Date.now() / 1000) + lasts })}`
  return `${message}.${createHmac('sha256', secret).update(message).digest('base64url')}`
}
