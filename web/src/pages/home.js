// Starts index.html: opens or creates a document by its name, and lists those opened on this device.
import { html, render, signal } from '../../vendor/view.js'
import { freshName, nameIn, pathOf, problemWith } from '../device/names.js'
import { forgetRecent, listRecent } from '../device/recent.js'
import { ago } from '../ui/ago.js'

const recent = signal(listRecent())
const problem = signal('')
const secretPath = pathOf(freshName())

/** @param {SubmitEvent} event */
function open(event) {
  event.preventDefault()
  const form = /** @type {HTMLFormElement} */ (event.target)
  const name = nameFrom(String(new FormData(form).get('name')).trim())
  problem.value = problemWith(name) ?? ''
  if (problem.value === '') location.assign(pathOf(name))
}

/** A pasted link to a document of this server counts as its name. @param {string} typed */
function nameFrom(typed) {
  if (!URL.canParse(typed)) return typed
  const url = new URL(typed)
  return (url.origin === location.origin && nameIn(url.pathname)) || typed
}

function Home() {
  return html`
    <form class="opener" onSubmit=${open} novalidate>
      <label class="opener-label" for="name">Name of a document</label>
      <div class="opener-row">
        <input class="field field-large" id="name" name="name" placeholder="meeting-notes" autocomplete="off" autocapitalize="none" spellcheck=${false}
          aria-describedby="name-hint" aria-invalid=${problem.value !== ''} onInput=${() => (problem.value = '')} autofocus />
        <button class="button button-main button-large" type="submit">Open</button>
      </div>
      <p class="hint ${problem.value && 'hint-bad'}" id="name-hint" role=${problem.value ? 'alert' : null}>
        ${problem.value || html`It is created when somebody writes in it. Or start <a href=${secretPath}>one with a secret name</a>.`}
      </p>
    </form>
    ${recent.value.length > 0 && html`<${RecentList} />`}
  `
}

function RecentList() {
  return html`
    <section class="recent" aria-labelledby="recent-title">
      <h2 id="recent-title">Recent on this device</h2>
      <ul>
        ${recent.value.map(
          ({ name, at }) => html`<li key=${name}>
            <a class="recent-link" href=${pathOf(name)}>
              <svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M5 2.5h6.5L15.5 6.5v11h-10.5zM8 9.5h5M8 12.5h5" /></svg>
              <span class="recent-name">${name}</span>
              <time class="recent-time" dateTime=${new Date(at).toISOString()}>${ago(at, Date.now())}</time>
            </a>
            <button class="forget" type="button" aria-label="Remove ${name} from this list" title="Remove from this list" onClick=${() => forget(name)}>
              <svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M5.5 5.5l9 9M14.5 5.5l-9 9" /></svg>
            </button>
          </li>`,
        )}
      </ul>
    </section>
  `
}

/** @param {string} name */
function forget(name) {
  forgetRecent(name)
  recent.value = listRecent()
}

render(html`<${Home} />`, /** @type {HTMLElement} */ (document.getElementById('home')))
// A page restored by the back button must show what was opened meanwhile.
addEventListener('pageshow', () => (recent.value = listRecent()))
