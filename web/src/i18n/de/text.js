// Texts of text (de). Keys start with `text.`; the other languages have the same ones.

export const text = {
}
