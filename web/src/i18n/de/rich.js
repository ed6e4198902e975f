// Texts of rich (de). Keys start with `rich.`; the other languages have the same ones.

export const rich = {
}
