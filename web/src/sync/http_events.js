// Server-sent events from the body of an answer, and bytes from base64. Knows nothing of connections.

/** @typedef {{ event: string, id: string, data: string }} Told */

/**
 * Reads a stream of events to its end.
 * @param {ReadableStream<Uint8Array>} body
 * @param {(told: Told | null) => void} tell null: something came, if only a sign of life
 */
export async function readEvents(body, tell) {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  /** @type {string[]} */
  let parts = []
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    tell(null)
    const text = decoder.decode(value, { stream: true })
    parts.push(text)
    // A blank line ends an event; it may begin in the piece before.
    if (!`${parts.at(-2)?.at(-1) ?? ''}${text}`.includes('\n\n')) continue
    const events = parts.join('').split('\n\n')
    parts = [events.pop() ?? '']
    for (const event of events) {
      const told = parsed(event)
      if (told) tell(told)
    }
  }
}

/** @param {string} text @returns {Told | null} */
function parsed(text) {
  /** @type {Record<string, string>} */
  const fields = {}
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, '')
  }
  const { event = 'message', id = '', data } = fields
  return data === undefined ? null : { event, id, data }
}

/** @param {string} text in base64 */
export const bytesOf = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
