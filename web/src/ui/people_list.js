// The panel's list of people, with what can be done about each, and what they did lately.
import { html, useEffect, useState } from '../../vendor/view.js'
import { language, t } from '../i18n/index.js'
import '../i18n/shell.js'
import '../i18n/shell_parts.js'
import { ago } from './ago.js'
import { Face } from './avatars.js'

/** @typedef {import('../presence/people.js').Present} Present */
/** How often times are told anew, in ms. */
const TICK = 30_000

/**
 * @param {object} props
 * @param {Present[]} props.people
 * @param {string | null} props.followed the key of whom we follow
 * @param {(person: Present) => string | null} props.whereIs such as the section they are in
 * @param {(person: Present) => void} props.onJump
 * @param {(person: Present) => void} props.onFollow
 * @param {number} props.longest name
 * @param {(name: string) => void} props.onRename
 * @param {any} [props.children]
 */
export function PeopleList({ people, followed, whereIs, onJump, onFollow, longest, onRename, children }) {
  return html`
    <h3>${t('shell.people.count', { count: people.length })}</h3>
    <ul>${people.map(person => html`<li class="person" key=${person.key}>
      <${Face} person=${person} />
      <span class="person-name"><bdi>${person.name}</bdi> ${person.isMe && html`<span class="hint">${t('shell.people.me')}</span>`}
</span>
      ${!person.isMe && html`<span class="person-acts">
        <button class="button" type="button" aria-label=${t('shell.people.jump', person)} onClick=${() => onJump(person)}>${t('shell.people.jump.short')}</button>
        <button class="button" type="button" aria-pressed=${String(person.key === followed)} aria-label=${t('shell.people.follow', person)} onClick=${() => onFollow(person)}>${person.key === followed ? t('shell.follow.stop') : t('shell.people.follow.short')}</button>
      </span>`}
      ${noteOn(person, whereIs(person)) && html`<span class="person-note">${noteOn(person, whereIs(person))}</span>`}
      ${person.isMe && html`<${Rename} name=${person.name} longest=${longest} onRename=${onRename} />`}
    </li>`)}</ul>
    ${children}
  `
}

/** @param {Present} person @param {string | null} section */
function noteOn(person, section) {
  const where = section ? t('shell.people.in', { section }) : ''
  return [person.isViewer && t('shell.people.viewer'), person.isIdle && t('shell.people.idle'), where].filter(Boolean).join(' · ')
}

/** @param {{ name: string, longest: number, onRename: (name: string) => void }} props */
function Rename({ name, longest, onRename }) {
  const [isOpen, setOpen] = useState(false)
  /** @param {SubmitEvent} event */
  const save = event => {
    event.preventDefault()
    onRename(String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('name')))
    setOpen(false)
  }
  if (!isOpen) return html`<span class="person-acts"><button class="button" type="button" onClick=${() => setOpen(true)}>${t('shell.people.rename')}</button></span>`
  return html`<form class="rename" onSubmit=${save} onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && (event.stopPropagation(), setOpen(false))}>
    <input class="field" name="name" aria-label=${t('shell.name')} defaultValue=${name} maxlength=${longest} autocomplete="nickname" required ref=${(/** @type {HTMLInputElement | null} */ field) => field?.select()} />
    <button class="button button-main" type="submit">${t('common.save')}</button>
  </form>`
}

/**
 * What others did lately; told to screen readers as it happens while this is open.
 * @param {object} props
 * @param {import('../presence/activity.js').Line[]} props.lines
 * @param {string} props.detail
 * @param {(detail: string) => void} props.onDetail
 */
export function ActivityLog({ lines, detail, onDetail }) {
  const [, tick] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => tick(count => count + 1), TICK)
    return () => clearInterval(timer)
  }, [])
  const choices = { off: t('shell.activity.off'), summary: t('shell.activity.summary'), each: t('shell.activity.each') }
  return html`
    <h3 id="activity-title">${t('shell.activity')}</h3>
    <fieldset class="choice" aria-label=${t('shell.activity.detail')}>
      ${Object.entries(choices).map(([value, label]) => html`<label key=${value}><input type="radio" name="activity" checked=${value === detail} onChange=${() => onDetail(value)} />${label}</label>`)}
    </fieldset>
    <div class="activity" role="log" aria-live=${detail === 'off' ? 'off' : 'polite'} aria-labelledby="activity-title">
      ${lines.length === 0 && html`<p class="hint">${t('shell.activity.none')}</p>`}
      ${lines.map(line => html`<p key=${line.id}>${line.text} <time aria-hidden="true">${ago(line.at, Date.now(), language.value)}</time></p>`)}
    </div>
  `
}
