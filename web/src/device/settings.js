// How this person wants the pages, on this device: signals that remember. `pages/first_paint.js` reads the
// same record before anything is drawn.
import { signal } from '../../vendor/view.js'
import { follow, read, write } from './storage.js'

const KEY = 'coscribe.settings'
/** Each with its default first. */
const CHOICES = {
  theme: ['system', 'light', 'dark'],
  width: ['column', 'wide'],
  flags: ['move', 'always'],
  spelling: ['on', 'off'],
  activity: ['summary', 'off', 'each'],
  authors: ['off', 'on'],
}
/** @typedef {keyof typeof CHOICES} Setting */

/** @type {Record<Setting, { value: string }>} */
export const settings = remembered()

/** @returns {any} */
function remembered() {
  return Object.fromEntries(Object.entries(chosen()).map(([name, value]) => [name, signal(value)]))
}

/** @returns {Record<Setting, string>} */
function chosen() {
  const stored = /** @type {Record<string, unknown> | null} */ (read(KEY, null))
  return /** @type {any} */ (Object.fromEntries(Object.entries(CHOICES).map(([name, all]) => [name, all.find(one => one === stored?.[name]) ?? all[0]])))
}

/** What is chosen in another tab is chosen here. */
export function followSettings() {
  follow(KEY, () => {
    for (const [name, value] of Object.entries(chosen())) settings[/** @type {Setting} */ (name)].value = value
    showSettings()
  })
}

/** @param {Setting} name @param {string} value */
export function choose(name, value) {
  if (!CHOICES[name].includes(value)) return
  settings[name].value = value
  write(KEY, Object.fromEntries(Object.entries(settings).map(([name, one]) => [name, one.value])))
  showSettings()
}

/** Lets the style sheets know. */
export function showSettings() {
  const root = document.documentElement
  root.dataset.theme = settings.theme.value
  root.classList.toggle('is-wide', settings.width.value === 'wide')
  root.classList.toggle('flags-always', settings.flags.value === 'always')
}
