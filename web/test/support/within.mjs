// A wait that ends: as long as people in pages are waited for, and told with what was there instead.

const PATIENCE = 30_000

/** @template Value @param {Promise<Value>} promise @param {() => string} instead what is there in the end @returns {Promise<Value>} */
export const within = (promise, instead) => Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error(`gave up after ${PATIENCE / 1000} s; there is ${instead()}`)), PATIENCE).unref())])
