// The bodies of /api/v1, as JSDoc types. The server's side is `src/http/api`.

/** @typedef {import('../sync/meta.js').Kind} Kind */

/**
 * @typedef {object} DocumentInfo
 * @property {string} name in addresses; opaque for people
 * @property {string} title empty when it has none
 * @property {Kind | null} kind null when nothing tells
 * @property {string} lang
 * @property {string} epoch
 * @property {number} seq the last entry
 * @property {number} created ms since 1970
 * @property {number} changed ms since 1970
 * @property {number} bytes of all edits
 * @property {number} people sessions that have it open now
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
 * `PATCH /api/v1/documents/{name}`, and the body of `POST …/{name}/duplicate` (which may have none). A copy without a
 * title keeps the original's; without a name one is made up. Who has a document open when its name changes is told the
 * new one: message 120 with `renamed`, when they come back with its epoch.
 * @typedef {object} Change
 * @property {string} [title] at most 200 UTF-16 units
 * @property {string} [name]
 */

/**
 * Without a body: `DELETE …/{name}` (the bin; `?forever=1`: the end) answers 204, `POST …/{name}/restore` a DocumentInfo,
 * `GET …/{name}/export.{md|html|txt|json|yjs}` the file. `POST /api/v1/convert?from=md&to=json` answers a file with a file.
 *
 * Every POST needs `Content-Type: application/json`, the file's own type, or a header `X-Coscribe: 1`: what a foreign
 * page's form can send (text/plain, form data, nothing) is refused with 415 `wrong-content-type`.
 * `X-Coscribe-Name`, percent-encoded, says who makes the edit that a request is for.
 *
 * RFC 9457. `code` is for programs:
 * - 400 `bad-name` `bad-content` `broken-off`, 403 `not-listed` `forbidden` (a foreign Origin)
 * - 404 `not-found` (no such document) `no-address` `no-format`, 405 `method-not-allowed`, 408 `too-slow`
 * - 409 `name-taken` `in-bin` (the name of something in the bin), 410 `in-bin` (the document itself is)
 * - 413 `too-large` (`detail` says both sizes), 415 `wrong-content-type`, 422 `bad-content` (the file cannot be read)
 * - 500 `damaged` `broken`, 503 `busy` (try again after `Retry-After`) `unwritable` (the disk is full)
 * @typedef {object} ProblemDetails
 * @property {string} code
 * @property {string} title
 * @property {number} status
 * @property {string} detail
 */

export {}
