// Texts of home (de). Keys start with `home.`; the other languages have the same ones.

export const home = {
}
