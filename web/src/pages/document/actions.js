// What the ⋮ menu of the document page offers: files, view, language, the person, the bin.
import { html } from '../../../vendor/view.js'
import { NAME_LONGEST, renameMe } from '../../device/me.js'
import { choose, settings } from '../../device/settings.js'
import { LANGUAGES, chooseLanguage, language, t } from '../../i18n/index.js'
import { introduce } from '../../presence/people.js'
import { copyLink } from '../../ui/copy_link.js'
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
  return [
    { id: 'link', label: t('shell.link.copy'), icon: 'link', run: copyLink },
    { id: 'print', label: t('shell.print'), icon: 'print', run: () => print() },
    null,
    ...command('people'),
    ...command('outline'),
    ...viewItems(),
    ...(count ? [{ id: 'count', label: t('shell.count'), icon: 'count', hint: count.line, run: () => toast(count.detail) }] : []),
    null,
    ...command('palette'),
    ...command('shortcuts'),
    { id: 'about', label: t('shell.about'), icon: 'outline', href: '/about' },
    { id: 'language', label: t('shell.language'), icon: 'language', items: languageItems() },
    { id: 'rename', label: t('shell.rename-me'), icon: 'person', hint: desk.me.value.name, run: () => askName(desk) },
  ]
}

/** @returns {MenuItem[]} */
function viewItems() {
  const { theme, width, flags, spelling } = settings
  const turn = (/** @type {import('../../device/settings.js').Setting} */ name, /** @type {string} */ on, /** @type {string} */ off) => () => choose(name, settings[name].value === on ? off : on)
  const themes = { system: t('shell.theme.system'), light: t('shell.theme.light'), dark: t('shell.theme.dark') }
  return [
    {
      id: 'theme',
      label: t('shell.theme'),
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
        { id: 'spelling', label: t('shell.spelling'), isChecked: spelling.value === 'on', run: turn('spelling', 'on', 'off') },
      ],
    },
  ]
}

/** @returns {MenuItem[]} */
function languageItems() {
  return Object.entries(LANGUAGES).map(([value, label]) => ({ id: `language.${value}`, label, isChoice: true, isChecked: language.value === value, run: () => chooseLanguage(/** @type {import('../../i18n/index.js').Language} */ (value)) }))
}

/** @param {Desk} desk @param {string} name */
export function rename(desk, name) {
  desk.me.value = renameMe(desk.me.value, name)
  introduce(desk.provider.awareness, desk.me.value)
}

/** @param {Desk} desk */
async function askName(desk) {
  const { NameDialog } = await import('../../ui/name_dialog.js')
  openOverlay(desk, close => html`<${NameDialog} name=${desk.me.value.name} longest=${NAME_LONGEST} onClose=${close} onSave=${(/** @type {string} */ name) => rename(desk, name)} />`)
}
