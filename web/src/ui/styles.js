// Style sheets that a page names but does not fetch at first: `<link rel="stylesheet" data-styles="parts" disabled>`.
// Whoever draws what they are for waits for them, so that nothing is seen without its looks.

/** @type {Map<string, Promise<void>>} */
const asked = new Map()

/** Fetches a sheet once; a page that names none has it already. @param {string} name @returns {Promise<void>} */
export function styles(name) {
  const link = /** @type {HTMLLinkElement | null} */ (document.querySelector(`link[data-styles="${name}"]`))
  if (!link) return Promise.resolve()
  const before = asked.get(name)
  if (before) return before
  const coming = new Promise(resolve => {
    link.onload = resolve
    // Looks are no reason to withhold a part; the next one to ask tries again.
    link.onerror = () => {
      asked.delete(name)
      link.disabled = true
      resolve(undefined)
    }
    link.disabled = false
    if (link.sheet) resolve(undefined)
  }).then(() => undefined)
  asked.set(name, coming)
  return coming
}

/** A part together with its sheet. @template T @param {string} name @param {Promise<T>} part */
export async function withStyles(name, part) {
  const [loaded] = await Promise.all([part, styles(name)])
  return loaded
}
