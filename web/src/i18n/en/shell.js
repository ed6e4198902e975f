// Texts of shell (en). Keys start with `shell.`; the other languages have the same ones.

export const shell = {
  'shell.toolbar': 'Formatting',
}
