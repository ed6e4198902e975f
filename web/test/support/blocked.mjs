// A network that lets no WebSocket through, for one person: as browsers report it.

/** For every page that this person opens from now on. @param {import('./people.mjs').Person} who */
export const blockSockets = who => who.context.addInitScript(() => {
  class Blocked {
    readyState = 0
    /** @type {((event: Event) => void) | null} */
    onopen = null
    /** @type {((event: Event) => void) | null} */
    onmessage = null
    /** @type {((event: Event) => void) | null} */
    onerror = null
    /** @type {((event: Event) => void) | null} */
    onclose = null

    constructor() {
      setTimeout(() => {
        this.readyState = 3
        this.onerror?.(new Event('error'))
        this.onclose?.(new CloseEvent('close', { code: 1006 }))
      })
    }

    send() {}

    close() {}
  }
  Object.assign(globalThis, { WebSocket: Blocked })
})

/** Addresses of the connections by requests that a person's pages make. @param {import('./people.mjs').Person} who */
export function requestsOf(who) {
  /** @type {URL[]} */
  const asked = []
  who.page.on('request', request => asked.push(new URL(request.url())))
  return () => asked.filter(({ pathname }) => /\/sse\//.test(pathname))
}
