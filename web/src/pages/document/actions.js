// What the ⋮ menu of the document page offers: files, view, language, the person, the bin.
import { html } from '../../../vendor/view.js'
import { Documents, FORMATS, exportUrl } from '../../api/documents.js'
import { explain } from '../../api/problems.js'
import { NAME_LONGEST, renameMe } from '../../device/me.js'
import { pathOf } from '../../device/names.js'
import { noteRemoved } from '../../device/removed.js'
import { choose, settings } from '../../device/settings.js'
import { Importing } from '../../home/importing.js'
import { LANGUAGES, chooseLanguage, language, t } from '../../i18n/index.js'
import '../../i18n/home.js'
import '../../i18n/shell.js'
import '../../i18n/shell_parts.js'
import { inApp } from '../../mount/index.js'
import { introduce } from '../../presence/people.js'
import { copyLink } from '../../ui/copy_link.js'
import { withStyles } from '../../ui/styles.js'
import { toast } from '../../ui/toast.js'
import { openOverlay } from './desk.js'
import { pageCommands } from './commands.js'

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('../../ui/menu.js').MenuItem} MenuItem */

/** @param {Desk} desk @returns {(MenuItem | null)[]} */
export function menuItems(desk) {
  const count = desk.editor.value?.count?.()
  /** @type {(id: string) => MenuItem[]} */
  const command = id => pageCommands(desk).filter(one => one.id === id)
  const isOwner = desk.provider.facts.access === 'owner'
  return [
    { id: 'link', label: t('shell.link.copy'), icon: 'link', run: copyLink },
    { id: 'share', label: t('shell.share'), icon: 'person', run: async () => (await withStyles('parts', import('./sharing.js'))).share(desk) },
    { id: 'export', label: t('home.menu.export'), icon: 'export', items: FORMATS.map(format => ({ id: `export.${format}`, label: t(`home.export.${format}`), hint: `.${format}`, href: exportUrl(desk.name, format), isFile: true })) },
    { id: 'import', label: t('shell.import'), icon: 'import', run: () => importFile(desk) },
    { id: 'duplicate', label: t('home.menu.duplicate'), icon: 'copy', run: () => duplicate(desk) },
    { id: 'print', label: t('shell.print'), icon: 'print', run: () => print() },
    null,
    ...command('people'),
    ...command('outline'),
    ...(desk.provider.facts.canEdit ? command('history') : []),
    ...viewItems(),
    ...(count ? [{ id: 'count', label: t('shell.count'), icon: 'count', hint: count.line, run: () => toast(count.detail) }] : []),
    null,
    ...command('palette'),
    ...command('shortcuts'),
    { id: 'about', label: t('shell.about'), icon: 'info', href: inApp('/about') },
    { id: 'language', label: t('shell.language'), icon: 'language', items: languageItems() },
    { id: 'rename', label: t('shell.rename-me'), icon: 'person', hint: desk.me.value.name, run: () => askName(desk) },
    ...(isOwner ? [null, { id: 'bin', label: t('home.menu.remove'), icon: 'bin', isBad: true, run: () => moveToBin(desk) }] : []),
  ]
}

/** @returns {MenuItem[]} */
function viewItems() {
  const { theme, width, flags, spelling, authors } = settings
  const turn = (/** @type {import('../../device/settings.js').Setting} */ name, /** @type {string} */ on, /** @type {string} */ off) => () => choose(name, settings[name].value === on ? off : on)
  const themes = { system: t('common.theme.system'), light: t('common.theme.light'), dark: t('common.theme.dark') }
  return [
    {
      id: 'theme',
      label: t('common.theme'),
      icon: 'theme',
      items: Object.entries(themes).map(([value, label]) => ({ id: `theme.${value}`, label, isChoice: true, isChecked: theme.value === value, run: () => choose('theme', value) })),
    },
    {
      id: 'view',
      label: t('shell.view'),
      icon: 'eye',
      items: [
        { id: 'width', label: t('shell.width'), isChecked: width.value === 'wide', run: turn('width', 'wide', 'column') },
        { id: 'flags', label: t('shell.flags'), isChecked: flags.value === 'always', run: turn('flags', 'always', 'move') },
        { id: 'authors', label: t('shell.authors'), isChecked: authors.value === 'on', run: turn('authors', 'on', 'off') },
        { id: 'spelling', label: t('shell.spelling'), isChecked: spelling.value === 'on', run: turn('spelling', 'on', 'off') },
      ],
    },
  ]
}

/** @returns {MenuItem[]} */
function languageItems() {
  return Object.entries(LANGUAGES).map(([value, label]) => ({ id: `language.${value}`, label, isChoice: true, isChecked: language.value === value, run: () => chooseLanguage(/** @type {import('../../i18n/index.js').Language} */ (value)) }))
}

/** @param {Desk} desk */
const api = desk => new Documents(() => desk.me.value.name)

/** @param {Desk} desk */
async function duplicate(desk) {
  const { title } = desk.meta.value
  try {
    const copy = await api(desk).duplicate(desk.name, title ? { title: t('home.copyOf', { title }) } : {})
    toast(t('home.duplicated'), { label: t('home.menu.open'), run: () => location.assign(pathOf(copy.name)) })
  } catch (error) {
    toast(explain(error))
  }
}

/** Home offers to take it back. @param {Desk} desk */
async function moveToBin(desk) {
  try {
    await api(desk).remove(desk.name)
    noteRemoved({ name: desk.name, title: desk.meta.value.title })
    location.assign(inApp('/'))
  } catch (error) {
    toast(explain(error))
  }
}

/** @param {Desk} desk */
function importFile(desk) {
  const input = document.createElement('input')
  input.type = 'file'
  input.onchange = async () => {
    const importing = new Importing({ api: api(desk), onMade: () => {}, onOnly: name => location.assign(pathOf(name)) })
    await importing.add([...(input.files ?? [])])
    for (const { problem } of importing.jobs.value) if (problem) toast(problem)
  }
  input.click()
}

/** @param {Desk} desk @param {string} name */
export function rename(desk, name) {
  desk.me.value = renameMe(desk.me.value, name)
  introduce(desk.provider.awareness, desk.me.value)
}

/** @param {Desk} desk */
async function askName(desk) {
  const { NameDialog } = await withStyles('parts', import('../../ui/name_dialog.js'))
  openOverlay(desk, close => html`<${NameDialog} name=${desk.me.value.name} longest=${NAME_LONGEST} onClose=${close} onSave=${(/** @type {string} */ name) => rename(desk, name)} />`)
}
