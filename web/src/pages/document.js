// Starts document.html: wires one document's connection, editor and top bar together.
import { html, render, signal } from '../../vendor/view.js'
import { Y } from '../../vendor/core.js'
import { NAME_LONGEST, loadMe, renameMe } from '../device/me.js'
import { nameIn } from '../device/names.js'
import { rememberRecent } from '../device/recent.js'
import { openEditor } from '../editor/open.js'
import { settleLanguage, t } from '../i18n/index.js'
import { introduce, readPerson, whoIsHere } from '../presence/people.js'
import { statusOf } from '../presence/status.js'
import { isKind, readMeta } from '../sync/meta.js'
import { Provider } from '../sync/provider.js'
import { Avatars } from '../ui/avatars.js'
import { CopyLink } from '../ui/copy_link.js'
import { NameDialog } from '../ui/name_dialog.js'
import { Rescue } from '../ui/rescue.js'
import { StatusBadge } from '../ui/status_badge.js'
import { Toolbar } from '../ui/toolbar.js'

const name = nameIn(location.pathname)
if (name === null) location.replace('/404.html')
else settleLanguage().then(() => start(name))

/** @param {string} name */
function start(name) {
  document.title = `${name} · Coscribe`
  const doc = new Y.Doc()
  const server = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}`
  const provider = new Provider({ server, name, doc })
  const me = signal(loadMe())
  introduce(provider.awareness, me.value)

  const people = followPeople(provider, me)
  const status = followStatus(provider)
  const isRenaming = signal(false)
  mountEditor(provider, name)

  const bar = () => html`
    <h1 class="title" title=${name}>${name}</h1>
    <${StatusBadge} status=${status.value} />
    <span class="grow"></span>
    <${Avatars} people=${people.value} onRename=${() => (isRenaming.value = true)} />
    <${CopyLink} />
    ${isRenaming.value && html`<${NameDialog} name=${me.value.name} longest=${NAME_LONGEST} onClose=${() => (isRenaming.value = false)}
      onSave=${(/** @type {string} */ chosen) => {
        me.value = renameMe(me.value, chosen)
        introduce(provider.awareness, me.value)
      }} />`}
  `
  render(html`<${bar} />`, element('bar'))
  // Reading the status first is what makes this draw again when it changes.
  const rescue = () => status.value && provider.facts.stop && html`<${Rescue} status=${status.value} text=${doc.getText('text').toString()} name=${name} />`
  render(html`<${rescue} />`, element('notice'))

  guardPage(provider, me)
  provider.connect()
}

/** @param {Provider} provider @param {{ value: import('../device/me.js').Person }} me */
function followPeople(provider, me) {
  const people = signal(whoIsHere(provider.awareness))
  provider.awareness.on('change', () => {
    introduce(provider.awareness, me.value)
    people.value = whoIsHere(provider.awareness)
  })
  return people
}

/** A status that is computed again when something happened, and when the status itself says so. @param {Provider} provider */
function followStatus(provider) {
  const status = signal(statusOf(provider.facts, Date.now()))
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  const refresh = () => {
    clearTimeout(timer)
    const next = statusOf(provider.facts, Date.now())
    status.value = next
    if (next.until !== null) timer = setTimeout(refresh, Math.max(10, next.until - Date.now()))
  }
  provider.subscribe(refresh)
  refresh()
  return status
}

/** Opens the editor when the document is here; until then the page's skeleton stays. @param {Provider} provider @param {string} name */
function mountEditor(provider, name) {
  const place = element('editor')
  const toolbar = element('toolbar')
  /** @type {Promise<import('../editor/contract.js').OpenEditor> | undefined} */
  let opening
  provider.subscribe(async () => {
    const { loaded, stop } = provider.facts
    if (stop) {
      place.classList.add('is-stopped')
      ;(await opening)?.setEditable(false)
    } else if (loaded && !opening) {
      const asked = new URLSearchParams(location.search).get('kind')
      const kind = readMeta(provider.doc).kind ?? (isKind(asked) ? asked : 'rich')
      place.replaceChildren()
      opening = openEditor(kind, place, {
        doc: provider.doc,
        awareness: provider.awareness,
        readPerson: (client, state) => readPerson(client, state, false),
        onComposition: isComposing => (isComposing ? provider.hold() : provider.release()),
        announce: () => {},
        toast: () => {},
        onProblem: () => {},
        largestUpdate: 4 << 20,
      })
      const editor = await opening
      const bar = () => html`<${Toolbar} label=${t('shell.toolbar')} commands=${editor.changed.value >= 0 ? editor.commands : []} />`
      render(html`<${bar} />`, toolbar)
      if (matchMedia('(pointer: fine)').matches) editor.focus()
      rememberRecent(name, Date.now())
    }
  })
}

/** Leaving and coming back: presence, the connection, and edits that are nowhere but here. @param {Provider} provider @param {{ value: import('../device/me.js').Person }} me */
function guardPage(provider, me) {
  const { awareness } = provider
  const leave = () => awareness.setLocalState(null)
  const arrive = () => {
    if (awareness.getLocalState() === null) awareness.setLocalState({})
    introduce(awareness, me.value)
    provider.probe()
  }
  addEventListener('online', () => provider.probe())
  addEventListener('offline', () => provider.probe())
  addEventListener('focus', () => provider.probe())
  addEventListener('pagehide', leave)
  addEventListener('pageshow', event => event.persisted && arrive())
  document.addEventListener('visibilitychange', () => (document.visibilityState === 'hidden' ? leave() : arrive()))
  addEventListener('beforeunload', event => provider.facts.unsaved > 0 && event.preventDefault())
  addEventListener('keydown', event => {
    // Everything is saved as it is typed; the browser's own dialog would save a copy of this page.
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 's') event.preventDefault()
  })
}

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no element #${id}`)
  return found
}
