// Goes round the regions of the page by keyboard. Fetched with the first step.
import { element } from './desk.js'
import { focusText, focusToolbar } from './moves.js'

/** @typedef {import('./desk.js').Desk} Desk */

/** The next region of the page that is there: top bar, toolbar, text, panel. @param {Desk} desk @param {1 | -1} step */
export function cycleRegions(desk, step) {
  const regions = [
    { at: element('top'), enter: () => /** @type {HTMLElement | null} */ (element('top').querySelector('a, button, input'))?.focus() },
    { at: element('toolbar'), enter: focusToolbar },
    { at: element('editor'), enter: () => focusText(desk) },
    { at: element('panel'), enter: () => /** @type {HTMLElement | null} */ (element('panel').querySelector('[role=tab][aria-selected=true]'))?.focus() },
  ].filter(({ at }) => at.id === 'editor' || at.querySelector('button') !== null)
  const here = regions.findIndex(({ at }) => at.contains(document.activeElement))
  const next = here < 0 ? (step > 0 ? 0 : regions.length - 1) : (here + step + regions.length) % regions.length
  regions[next].enter()
}
