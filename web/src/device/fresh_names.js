// Names that are made up for documents which nobody has named.

const FRESH_LENGTH = 22
const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A name nobody can guess (131 bits), so that only those with the link find the document. */
export function freshName() {
  let name = ''
  while (name.length < FRESH_LENGTH) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1))
    // The last incomplete round of letters would make the first ones likelier.
    if (byte < 256 - (256 % LETTERS.length)) name += LETTERS[byte % LETTERS.length]
  }
  return name
}

/** Whether a name was made up and says nothing to people. @param {string} name */
export const isFresh = name => /^(?=.*[a-z])(?=.+[A-Z])[0-9A-Za-z]{22}$/.test(name)
