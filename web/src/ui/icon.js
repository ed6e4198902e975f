// Icons by name, drawn in the colour of the text around them.
import { html } from '../../vendor/view.js'

/** Paths on a grid of 20. @type {Record<string, string>} */
const PATHS = {
  bold: 'M6 4h4.5a3 3 0 0 1 0 6H6zm0 6h5a3 3 0 0 1 0 6H6z',
}

/** @param {{ name: string }} props */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d=${PATHS[name] ?? ''} /></svg>`
}
