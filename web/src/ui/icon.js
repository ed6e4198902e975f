// Icons by name, drawn in the colour of the text around them.
import { html } from '../../vendor/view.js'

/** Paths on a grid of 20. @type {Record<string, string>} */
const PATHS = {
  bold: 'M6 4h4.5a3 3 0 0 1 0 6H6zm0 6h5a3 3 0 0 1 0 6H6z',
  clear: 'M5 4h10M10 4 8 12M4 16h6M12 12.5l4 4M16 12.5l-4 4',
  code: 'M7 6 3 10l4 4M13 6l4 4-4 4',
  'code-block': 'M3 4h14v12H3zM8 8l-2 2 2 2M12 8l2 2-2 2',
  'column-after': 'M4 4h6v12H4zM14.5 7.5v5M12 10h5',
  'column-before': 'M10 4h6v12h-6zM5.5 7.5v5M3 10h5',
  'column-remove': 'M7 4h6v12H7zM8.5 8.5l3 3M11.5 8.5l-3 3',
  divider: 'M3 10h14M5 5h10M5 15h10',
  'header-row': 'M3 4h14v12H3zM3 8h14M3 6h14M10 8v8',
  'heading-1': 'M3.5 5v10M10 5v10M3.5 10H10M13.5 9l2.5-2v8',
  'heading-2': 'M3.5 5v10M10 5v10M3.5 10H10M13 8.8c.3-2.4 4-2.4 4 0 0 1.7-4 4-4 6.2h4',
  'heading-3': 'M3.5 5v10M10 5v10M3.5 10H10M13 7.5h4l-2.3 2.8c3.3 0 3.3 4.7 0 4.7-.9 0-1.6-.4-1.9-1',
  highlight: 'M12 3.5l4.5 4.5-6 6H7l-1.5-1.5V9.5zM3.5 16.5h13',
  image: 'M3 4h14v12H3zM3 13.5l4-4 3.5 3.5 2.5-2.5 4 4M13 7.5h.1',
  indent: 'M3 4.5h14M9 8.2h8M9 11.8h8M3 15.5h14M3 7.5 5.5 10 3 12.5',
  italic: 'M8.5 4h6M5.5 16h6M11.5 4l-3 12',
  link: 'M8.5 11.5a3.5 3.5 0 0 0 5 0l2.6-2.6a3.5 3.5 0 0 0-5-5L9.9 5.1M11.5 8.5a3.5 3.5 0 0 0-5 0l-2.6 2.6a3.5 3.5 0 0 0 5 5l1.2-1.2',
  'list-bullet': 'M8 5h9M8 10h9M8 15h9M3.8 5h.1M3.8 10h.1M3.8 15h.1',
  'list-number': 'M8 5h9M8 10h9M8 15h9M3 4l1.2-.8V7M3 12.2c.1-1.4 2.3-1.4 2.3 0 0 1-2.3 2.2-2.3 3.3h2.4',
  'list-task': 'M9.5 5.5H17M9.5 14.5H17M3 5.5l1.5 1.5L7 4M3 14.5l1.5 1.5L7 13',
  outdent: 'M3 4.5h14M9 8.2h8M9 11.8h8M3 15.5h14M5.5 7.5 3 10l2.5 2.5',
  paragraph: 'M4 5h12M10 5v11',
  quote: 'M4 13V9.5C4 7.5 5 6 7 5.5M4 10h4v4H4zM12 13V9.5C12 7.5 13 6 15 5.5M12 10h4v4h-4z',
  redo: 'M13 4l3.5 3.5L13 11M16.5 7.5H8a4.3 4.3 0 0 0 0 8.5h3',
  'row-above': 'M4 10h12v6H4zM7.5 5.5h5M10 3v5',
  'row-below': 'M4 4h12v6H4zM7.5 14.5h5M10 12v5',
  'row-remove': 'M4 7h12v6H4zM8.5 8.5l3 3M11.5 8.5l-3 3',
  strike: 'M3.5 10h13M14 6.2C13.3 4.8 11.9 4 10 4c-2.3 0-4 1.2-4 3 0 1.5 1.2 2.4 4 3 2.9.6 4.3 1.5 4.3 3.2 0 1.7-1.7 2.8-4.3 2.8-2.2 0-3.8-.9-4.5-2.5',
  table: 'M3 4h14v12H3zM3 8h14M3 12h14M10 4v12',
  underline: 'M5.5 3.5v5.5a4.5 4.5 0 0 0 9 0V3.5M4.5 16.5h11',
  undo: 'M7 4 3.5 7.5 7 11M3.5 7.5H12a4.3 4.3 0 0 1 0 8.5H9',
}

/** @param {{ name: string }} props */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d=${PATHS[name] ?? ''} /></svg>`
}
