// In place of the HTML grammar inside the Markdown one, which our Markdown editor does not ask for: it would bring
// the grammars of HTML, CSS and JavaScript along.
export const html = () => []
export const htmlCompletionSource = () => null
