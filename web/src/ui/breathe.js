// Long work in pieces: what waits is drawn and answered in between.

/** Resolves once the browser had its turn. @returns {Promise<void>} */
export const breathe = () => new Promise(resolve => setTimeout(resolve))
