// Where in its site the app is: at the root, or below a prefix that the server writes into its pages. Knows no page.

/** What addresses of the app begin with: nothing, or `/like/this`. */
export const BASE = globalThis.document?.documentElement?.dataset?.base ?? ''

/** Keeps copies of documents apart from those of another server that is mounted in the same site. */
export const DATABASE = `coscribe${BASE}`

/** An address of the app. @param {string} path with a slash in front */
export const inApp = path => BASE + path

/** The path below the mount; null when it is not there. @param {string} path */
export function below(path) {
  return path.startsWith(`${BASE}/`) ? path.slice(BASE.length) : null
}
