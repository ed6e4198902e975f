// Texts of status (en). Keys start with `status.`; the other languages have the same ones.

export const status = {
}
