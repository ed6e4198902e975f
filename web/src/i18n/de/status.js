// Texts of status (de). Keys start with `status.`; the other languages have the same ones.

export const status = {
}
