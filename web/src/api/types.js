// The bodies of /api/v1, as JSDoc types. The server's side is `src/http/api`.

/** @typedef {import('../sync/meta.js').Kind} Kind */

/**
 * @typedef {object} DocumentInfo
 * @property {string} name in addresses; opaque for people
 * @property {string} title empty when it has none
 * @property {Kind | null} kind null when nothing tells
 * @property {string} lang
 * @property {string} epoch
 * @property {number} created ms since 1970
 * @property {number} changed ms since 1970
 * @property {number} bytes of all edits
 * @property {number} people connected now
 * @property {number | null} deleted ms since 1970 when it is in the bin
 */

/**
 * `GET /api/v1/documents?query=&after=&limit=&bin=1`: newest change first; `after` is an opaque cursor from `next`.
 * @typedef {object} DocumentList
 * @property {DocumentInfo[]} documents
 * @property {string | null} next
 */

/**
 * `POST /api/v1/documents` as JSON. A file is sent as the body of `POST /api/v1/documents?format=md|html|txt|json|yjs&title=…&name=…` instead.
 * @typedef {object} NewDocument
 * @property {string} [name] one is made up when absent
 * @property {string} [title]
 * @property {Kind} [kind]
 * @property {string} [lang]
 */

/**
 * RFC 9457. `code` is for programs: `not-found`, `name-taken`, `in-bin`, `too-large`, `not-listed`, `bad-content`, …
 * @typedef {object} ProblemDetails
 * @property {string} code
 * @property {string} title
 * @property {number} status
 * @property {string} detail
 */

export {}
