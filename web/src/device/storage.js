// What this device remembers between visits, as JSON in localStorage. A browser that refuses storage
// still works: then things last as long as the page.

/** @type {Map<string, string>} */
const memory = new Map()

/**
 * Reads a value; `fallback` when there is none or it is not JSON.
 * @param {string} key
 * @param {unknown} fallback
 * @returns {unknown}
 */
export function read(key, fallback) {
  try {
    const text = memory.get(key) ?? localStorage.getItem(key)
    return text === null ? fallback : JSON.parse(text)
  } catch {
    return fallback
  }
}

/** @param {string} key @param {unknown} value */
export function write(key, value) {
  const text = JSON.stringify(value)
  try {
    localStorage.setItem(key, text)
  } catch {
    memory.set(key, text)
  }
}

/** Calls back when another tab of this device has written the value. @param {string} key @param {() => void} changed */
export function follow(key, changed) {
  addEventListener('storage', event => event.key === key && event.newValue !== null && changed())
}
