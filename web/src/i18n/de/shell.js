// Texts of shell (de). Keys start with `shell.`; the other languages have the same ones.

export const shell = {
  'shell.toolbar': 'Formatierung',
}
