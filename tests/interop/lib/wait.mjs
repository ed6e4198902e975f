// Waiting with a deadline: a condition that never comes true fails with a sentence, not a hang.
// Knows nothing of documents or servers.

/** Resolves once `condition()` is true, or throws naming `what` and what `state()` shows by then. */
export async function until(what, condition, { ms = 20_000, state } = {}) {
  const deadline = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > deadline) {
      const shown = state ? `: ${JSON.stringify(state())}` : ''
      throw new Error(`gave up after ${ms} ms waiting until ${what}${shown}`)
    }
    await pause(5)
  }
}

/** Resolves with what `promise` does, or throws naming `what` when it takes longer than `ms`. */
export async function within(what, promise, ms = 20_000) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`gave up after ${ms} ms waiting for ${what}`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Lets time pass, for what cannot be awaited: that something does not happen. */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Lets the sockets have their turn. */
export function breathe() {
  return new Promise((resolve) => setImmediate(resolve))
}
