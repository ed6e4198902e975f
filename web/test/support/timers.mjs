// Waits of a page that are long for people and short for a slow machine: a test whose subject they are not says how long
// they last. Knows lengths only, and nothing of what waits.

/** How long the app shows what it says, in ms: that an address was copied; a message; a message that offers something. */
export const SHOWN = { copied: 4000, message: 6000, offer: 10_000 }

/** From now on, on all pages of somebody. @param {import('playwright-core').BrowserContext} context @param {number} ms what the app waits @param {number} [instead] what it waits here, in ms */
export async function waits(context, ms, instead = 600_000) {
  await context.addInitScript(replace, { ms, instead })
  for (const page of context.pages()) await page.evaluate(replace, { ms, instead })
}

/** Runs in the page. @param {{ ms: number, instead: number }} lengths */
function replace({ ms, instead }) {
  const [sets, limits] = [setTimeout, AbortSignal.timeout]
  Object.assign(globalThis, { setTimeout: (/** @type {() => void} */ act, /** @type {number} */ asked, /** @type {unknown[]} */ ...rest) => sets(act, asked === ms ? instead : asked, ...rest) })
  AbortSignal.timeout = asked => limits.call(AbortSignal, asked === ms ? instead : asked)
}
