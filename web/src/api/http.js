// Requests to /api/v1: with a time limit, the person's name, and errors that programs and people can tell apart.
// Does not know what the requests are about.

import { shown } from '../mount/token.js'

/** How long an answer may take, in ms. */
const PATIENCE = 15_000

/** Codes besides the server's own: no connection, no answer in time, called off, an answer of another kind. @typedef {'offline' | 'timeout' | 'aborted' | 'unexpected'} OwnCode */

/** Why a request came to nothing. */
export class ApiError extends Error {
  /**
   * @param {string} code the server's, of RFC 9457 `code`, or an {@link OwnCode}
   * @param {number} status of HTTP; 0 when there was no answer
   * @param {string} detail the server's words, for codes this app has none for
   */
  constructor(code, status, detail) {
    super(detail || code)
    this.code = code
    this.status = status
    this.detail = detail
  }

  /** Whether the server was not reached, so that nothing is known about the document. */
  get isUnreached() {
    return this.code === 'offline' || this.code === 'timeout'
  }
}

/**
 * @typedef {object} Request
 * @property {Record<string, string | number | undefined>} [query] absent values are left out
 * @property {unknown} [json] a body
 * @property {Blob} [file] a body as it is
 * @property {string} [mediaType] of the file, where the server must know
 * @property {AbortSignal} [signal]
 * @property {number} [patience] ms
 * @property {boolean} [isBytes] the answer is no JSON
 */

export class Http {
  /**
   * @param {() => string} author the name of the person, as others shall see it
   * @param {typeof globalThis.fetch} [fetch]
   */
  constructor(author, fetch = globalThis.fetch.bind(globalThis)) {
    this.author = author
    this.fetch = fetch
  }

  /**
   * The answer's JSON, or its bytes; null when it has no body.
   * @param {string} method
   * @param {string} path
   * @param {Request} [request]
   * @returns {Promise<any>}
   */
  async send(method, path, { query = {}, json, file, mediaType = 'application/octet-stream', signal, patience = PATIENCE, isBytes = false } = {}) {
    /** @type {Record<string, string>} */
    const headers = { 'X-Coscribe-Name': encodeURIComponent(this.author()) }
    const tokens = shown()
    if (tokens.length > 0) headers.Authorization = `Bearer ${tokens.join(' ')}`
    if (json !== undefined) headers['Content-Type'] = 'application/json'
    // A type that no HTML form can send: the server knows by it that a page of ours asks.
    else if (file) headers['Content-Type'] = mediaType
    const limit = AbortSignal.timeout(patience)
    try {
      const answer = await this.fetch(withQuery(path, query), {
        method,
        headers,
        body: json === undefined ? file : JSON.stringify(json),
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      })
      if (!answer.ok) throw await problemOf(answer)
      if (isBytes) return new Uint8Array(await answer.arrayBuffer())
      return answer.status === 204 ? null : await answer.json()
    } catch (error) {
      if (error instanceof ApiError) throw error
      if (signal?.aborted) throw new ApiError('aborted', 0, '')
      if (limit.aborted) throw new ApiError('timeout', 0, '')
      throw error instanceof SyntaxError ? new ApiError('unexpected', 200, '') : new ApiError('offline', 0, '')
    }
  }
}

/** @param {string} path @param {Record<string, string | number | undefined>} query */
export function withQuery(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString()
  return search ? `${path}?${search}` : path
}

/** @param {Response} answer */
async function problemOf(answer) {
  /** @type {Partial<import('./types.js').ProblemDetails> | null} */
  const details = await answer.json().catch(() => null)
  return new ApiError(typeof details?.code === 'string' ? details.code : 'unexpected', answer.status, typeof details?.detail === 'string' ? details.detail : '')
}
