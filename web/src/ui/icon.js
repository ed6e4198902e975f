// Icons by name, drawn in the colour of the text around them.
import { html } from '../../vendor/view.js'

/** Paths on a grid of 20. @type {Record<string, string>} */
const PATHS = {
  bold: 'M6 4h4.5a3 3 0 0 1 0 6H6zm0 6h5a3 3 0 0 1 0 6H6z',
  bin: 'M3.5 5.5h13M8 5V3.5h4V5M5 5.5l.8 11h8.4l.8-11M8.3 8.5l.3 5M11.7 8.5l-.3 5',
  check: 'M4 10.5l4 4 8-9',
  close: 'M5.5 5.5l9 9M14.5 5.5l-9 9',
  copy: 'M7 7h9.5v9.5H7zM4.5 13H3.5V3.5H13v1',
  down: 'M5.5 8l4.5 4.5L14.5 8',
  forget: 'M10 3.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13M6.5 10h7',
  kindCode: 'M7 5.5L2.5 10 7 14.5M13 5.5l4.5 4.5-4.5 4.5M11.3 4l-2.6 12',
  kindMarkdown: 'M2.5 14.5v-9l3.75 4.5L10 5.5v9M15 5.5v9M12.5 12l2.5 2.5 2.5-2.5',
  kindRich: 'M5 2.5h6.5l3.5 3.5v11.5H5zM11.5 2.5V6H15M7.5 9.5h5M7.5 12h5M7.5 14.5h3',
  more: 'M4.5 10h.01M10 10h.01M15.5 10h.01',
  open: 'M8 4.5H3.5v12h12V12M11.5 3.5h5v5M16 4l-7 7',
  rename: 'M3.5 16.5l.8-3.6 8.6-8.6 2.8 2.8-8.6 8.6zM11 6.2L13.8 9',
  restore: 'M4 4v4.5h4.5M4.4 8.2A6.3 6.3 0 1 1 3.8 12',
  search: 'M9 3.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11M13 13l4 4',
  upload: 'M10 13V3.5M6.5 7L10 3.5 13.5 7M3.5 12.5v4h13v-4',
  viewCards: 'M3.5 3.5h5.5v5.5H3.5zM11 3.5h5.5v5.5H11zM3.5 11h5.5v5.5H3.5zM11 11h5.5v5.5H11z',
  viewList: 'M3.5 5.5h13M3.5 10h13M3.5 14.5h13',
  warn: 'M10 3.5l7 12.5H3zM10 8.5v3.5M10 14.2h.01',
}

/** @param {{ name: string }} props */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d=${PATHS[name] ?? ''} /></svg>`
}
