// What the pages draw with: Preact, htm templates and signals.
export { html, render } from 'htm/preact'
export { useEffect, useRef } from 'preact/hooks'
export { signal, computed, effect, batch } from '@preact/signals'
