// Texts of text (en). Keys start with `text.`; the other languages have the same ones.

export const text = {
}
