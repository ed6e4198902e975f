// Icons by name, drawn in the colour of the text around them.
import { html } from '../../vendor/view.js'

/** Paths on a grid of 20, sorted by name. @type {Record<string, string>} */
const PATHS = {
  back: 'M12 4.5 6.5 10l5.5 5.5',
  bin: 'M4 5.5h12M8 5.5v-2h4v2M5.5 5.5l.7 11h7.6l.7-11M8.5 8.5v5M11.5 8.5v5',
  bold: 'M6 4h4.5a3 3 0 0 1 0 6H6zm0 6h5a3 3 0 0 1 0 6H6z',
  check: 'M4 10.5l4 4 8-9',
  close: 'M5.5 5.5l9 9M14.5 5.5l-9 9',
  copy: 'M7.5 7.5v-4h9v9h-4M3.5 7.5h9v9h-9z',
  count: 'M3.5 5h13M3.5 8.5h9M5 16.5l1.5-5M9 16.5l1.5-5M3.8 13h7.6M3.4 15h7.6',
  down: 'M5 7.5l5 5 5-5',
  export: 'M10 3.5v9M6.5 9l3.5 3.5L13.5 9M4 13.5v3h12v-3',
  eye: 'M2.5 10s2.8-4.8 7.5-4.8 7.5 4.8 7.5 4.8-2.8 4.8-7.5 4.8S2.5 10 2.5 10zM10 12.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4z',
  forget: 'M10 3.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13M6.5 10h7',
  forward: 'M8 4.5 13.5 10 8 15.5',
  import: 'M10 12.5v-9M6.5 7 10 3.5 13.5 7M4 13.5v3h12v-3',
  keyboard: 'M2.5 5.5h15v9h-15zM5.5 8.3h.1M8.5 8.3h.1M11.5 8.3h.1M14.5 8.3h.1M6.5 11.8h7',
  kindCode: 'M7 5.5L2.5 10 7 14.5M13 5.5l4.5 4.5-4.5 4.5M11.3 4l-2.6 12',
  kindMarkdown: 'M2.5 14.5v-9l3.75 4.5L10 5.5v9M15 5.5v9M12.5 12l2.5 2.5 2.5-2.5',
  kindRich: 'M5 2.5h6.5l3.5 3.5v11.5H5zM11.5 2.5V6H15M7.5 9.5h5M7.5 12h5M7.5 14.5h3',
  language: 'M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM2.5 10h15M10 2.5c-5 5-5 10 0 15M10 2.5c5 5 5 10 0 15',
  link: 'M8.5 11.5a3.5 3.5 0 0 0 5 0l2.6-2.6a3.5 3.5 0 0 0-5-5L9.9 5.1M11.5 8.5a3.5 3.5 0 0 0-5 0l-2.6 2.6a3.5 3.5 0 0 0 5 5l1.2-1.2',
  more: 'M4.5 10h.1M10 10h.1M15.5 10h.1',
  open: 'M8 4.5H3.5v12h12V12M11.5 3.5h5v5M16 4l-7 7',
  outline: 'M3.5 5h13M6.5 10h10M6.5 15h10M3.5 10h.1M3.5 15h.1',
  panel: 'M3 4.5h14v11H3zM12 4.5v11M14 7.5h1M14 10h1',
  people: 'M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 16.5c0-3 2-4.5 5-4.5s5 1.5 5 4.5M12.5 4a2.8 2.8 0 0 1 0 5.2M14.5 12.3c2 .5 3 2 3 4.2',
  person: 'M10 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4.5 16.5c0-3 2.2-4.5 5.5-4.5s5.5 1.5 5.5 4.5',
  print: 'M6 7.5v-4h8v4M6 14H3.5V7.5h13V14H14M6 11.5h8v5H6z',
  rename: 'M3.5 16.5l.8-3.6 8.6-8.6 2.8 2.8-8.6 8.6zM11 6.2L13.8 9',
  restore: 'M4 4v4.5h4.5M4.4 8.2A6.3 6.3 0 1 1 3.8 12',
  search: 'M8.8 14.5a5.7 5.7 0 1 0 0-11.4 5.7 5.7 0 0 0 0 11.4zM13 13l4 4',
  spelling: 'M3.5 12 7 3.5l3.5 8.5M4.7 9h4.6M9.5 14.5l2.5 2.5 5-6',
  theme: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 3v14M10 5.5h2.5M10 8h4M10 10.5h4M10 13h3',
  viewCards: 'M3.5 3.5h5.5v5.5H3.5zM11 3.5h5.5v5.5H11zM3.5 11h5.5v5.5H3.5zM11 11h5.5v5.5H11z',
  viewList: 'M3.5 5.5h13M3.5 10h13M3.5 14.5h13',
  warn: 'M10 3.5l7 12.5H3zM10 8.5v3.5M10 14.2h.01',
  width: 'M3 4v12M17 4v12M6 10h8M8 7.5 5.5 10 8 12.5M12 7.5 14.5 10 12 12.5',
}

/** @param {{ name: string }} props */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d=${PATHS[name] ?? ''} /></svg>`
}
