// Icons by name, drawn in the colour of the text around them. The few that every page shows are here; the others come in
// tables with the parts that draw them (`import '../ui/icons/things.js'`).
import { html } from '../../vendor/view.js'

/** Paths on a grid of 20, sorted by name. @type {Record<string, string>} */
const PATHS = {
  check: 'M4 10.5l4 4 8-9',
  close: 'M5.5 5.5l9 9M14.5 5.5l-9 9',
  down: 'M5 7.5l5 5 5-5',
  history: 'M3.5 4.5v4h4M4 8a6.5 6.5 0 1 1-.3 4M10 6.5V10l2.5 1.5',
  link: 'M8.5 11.5a3.5 3.5 0 0 0 5 0l2.6-2.6a3.5 3.5 0 0 0-5-5L9.9 5.1M11.5 8.5a3.5 3.5 0 0 0-5 0l-2.6 2.6a3.5 3.5 0 0 0 5 5l1.2-1.2',
  more: 'M3.8 10a.7.7 0 1 0 1.4 0 .7.7 0 1 0-1.4 0M9.3 10a.7.7 0 1 0 1.4 0 .7.7 0 1 0-1.4 0M14.8 10a.7.7 0 1 0 1.4 0 .7.7 0 1 0-1.4 0',
  panel: 'M3 4.5h14v11H3zM12 4.5v11M14 7.5h1M14 10h1',
  search: 'M8.8 14.5a5.7 5.7 0 1 0 0-11.4 5.7 5.7 0 0 0 0 11.4zM13 13l4 4',
}

/** @param {Record<string, string>} paths */
export function addIcons(paths) {
  Object.assign(PATHS, paths)
}

/** @param {{ name: string }} props */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d=${PATHS[name] ?? ''} /></svg>`
}
