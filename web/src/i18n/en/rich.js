// Texts of rich (en). Keys start with `rich.`; the other languages have the same ones.

export const rich = {
}
