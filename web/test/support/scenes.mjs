// The states of the app that people meet, by name: pages with real content and people in them, and every dialog
// and menu. Whoever looks at them (axe, pictures) brings the browser. Names, texts and order are fixed.
import { person } from './people.mjs'
import { startServer } from './server.mjs'
import { SECRET, token } from './tokens.mjs'
import { writer } from './writer.mjs'

/** @typedef {import('./people.mjs').Person} Person */
/** @typedef {{ name: string, isPicture?: boolean, isWide?: boolean, arrange?: (who: Person) => Promise<unknown>, tidy?: (who: Person) => Promise<unknown> }} State a picture is taken of some; a wide one needs a pointer and room */
/** @typedef {{ path: string, ready: string, isEmpty?: boolean, isGuarded?: boolean, expects?: RegExp[], states: State[] }} Place a page and the states it goes through, in this order */

/** What people write about in these documents. @param {string} url */
const plan = url => `<h1>Launch of the reading room</h1>
<p>We open on <strong>12 March</strong>. Everything that has to be <em>decided</em> before is here; the rest is in the <a href="https://example.org/notes">notes of the last meeting</a>.</p>
<h2>Before the doors open</h2>
<ul data-type="taskList"><li data-type="taskItem" data-checked="true"><p>Rent the hall for three evenings</p></li><li data-type="taskItem" data-checked="false"><p>Print <mark>two hundred</mark> programmes</p></li></ul>
<h2>Who does what</h2>
<table><tbody><tr><th><p>Evening</p></th><th><p>Reader</p></th><th><p>Door</p></th></tr><tr><td><p>Thursday</p></td><td><p>Mia Chen</p></td><td><p>Ada</p></td></tr><tr><td><p>Friday</p></td><td><p>Linus Okafor</p></td><td><p>Grace</p></td></tr></tbody></table>
<blockquote><p>A room without books is like a body without a soul.</p></blockquote>
<img src="${url}/icon.svg" alt="The mark of Coscribe" width="96" height="96">
<pre><code class="language-python">seats = rows * 12\nprint(seats)</code></pre>
<ol><li><p>Lights</p></li><li><p>Sound</p><ul><li><p>two microphones</p></li></ul></li></ol><hr><p>See you there.</p>`

const MARKDOWN = `# Minutes of 3 March

Present: **Ada**, *Mia* and Linus. We read \`plan.md\` and went on from there.

## Decisions

- [x] The hall is rented
- [ ] Programmes go to print on Friday
- Tea comes before the reading, not after it

| Evening | Reader | Seats |
| --- | --- | ---: |
| Thursday | Mia Chen | 120 |
| Friday | Linus Okafor | 96 |

> A room without books is like a body without a soul.

\`\`\`python
seats = rows * 12
print(seats)
\`\`\`

See the [notes of the last meeting](https://example.org/notes).
`

const CODE = `"""Seats of the reading room."""
from dataclasses import dataclass

ROWS = 10  # as the hall has them


@dataclass
class Evening:
    reader: str
    rows: int = ROWS

    def seats(self, per_row: int = 12) -> int:
        # The first row stays empty for the readers.
        return (self.rows - 1) * per_row


evenings = [Evening("Mia Chen"), Evening("Linus Okafor", rows=8)]
for evening in evenings:
    print(f"{evening.reader}: {evening.seats()} seats")
`

/** More documents for the list of home, newest last. @type {[string, string][]} */
const OTHERS = [['Packing list', 'markdown'], ['Letter to the council about the hours of the reading room in winter', 'rich'], ['seats.rs', 'code'], ['', 'rich'], ['Budget 2027', 'rich'], ['Ideen für den Herbst', 'markdown']]

/** @param {import('playwright-core').Page} page @param {string} name */
const button = (page, name) => page.getByRole('button', { name, exact: true })
/** @param {string[]} keys @returns {(who: Person) => Promise<void>} */
const presses = (...keys) => async ({ page }) => {
  for (const key of keys) await page.keyboard.press(key)
}
/** The dialog or form of this name is open. @param {Person} who @param {string | RegExp} name */
const dialog = (who, name) => who.page.getByRole('dialog', { name }).waitFor()
/** @param {Person} who @param {string} name */
const opensMenu = async ({ page }, name) => {
  await button(page, name).click()
  await page.getByRole('menu').waitFor()
}
/** @param {Person} who */
const toEnd = async ({ page, text }) => {
  await text.evaluate(element => element.focus())
  await page.keyboard.press('Control+End')
}

/** @param {Person} who */
const opensShare = async who => {
  await opensMenu(who, 'Menu')
  await who.page.getByRole('menuitem', { name: 'Share…' }).click()
  await dialog(who, 'Share this document')
}

/** @param {Person} who @param {string} name @param {string} access @param {string} lasts */
const makesLink = async ({ page }, name, access, lasts) => {
  await page.getByLabel('Name of the link').fill(name)
  await page.getByLabel('What the link allows').selectOption(access)
  await page.getByLabel('How long the link lasts').selectOption(lasts)
  await button(page, 'New link').click()
  await page.getByLabel('Address of the new link').waitFor()
}

/** @type {State[]} */
const ON_EVERY_DOCUMENT = [
  { name: 'menu', arrange: who => opensMenu(who, 'Menu') },
  { name: 'menu-export', arrange: async who => (await opensMenu(who, 'Menu'), who.page.getByRole('menuitem', { name: 'Export as' }).click()) },
  { name: 'palette', isPicture: true, arrange: async who => (await presses('Control+Shift+P')(who), dialog(who, 'Commands')) },
  { name: 'palette-none', arrange: async who => (await presses('Control+Shift+P')(who), who.page.getByRole('combobox', { name: 'Commands' }).fill('zzzz')) },
  { name: 'shortcuts', isPicture: true, arrange: async who => (await presses('F1')(who), dialog(who, 'Shortcuts')) },
  { name: 'name', arrange: async who => (await opensMenu(who, 'Menu'), await who.page.getByRole('menuitem', { name: 'Change your name' }).click(), dialog(who, 'Your name')) },
  { name: 'share-open', isPicture: true, arrange: opensShare },
  { name: 'status', arrange: async ({ page }) => (await page.locator('.status').click(), page.locator('#status-detail:popover-open').waitFor()) },
  { name: 'outline', arrange: async who => (await presses('Control+Alt+o')(who), who.page.getByRole('tab', { name: 'Outline' }).waitFor()) },
]

/** @type {State[]} */
const RICH = [
  { name: 'rich', isPicture: true },
  ...ON_EVERY_DOCUMENT,
  { name: 'people', isPicture: true, arrange: async who => (await presses('Control+Alt+u')(who), who.page.getByRole('log').waitFor()) },
  { name: 'slash', isPicture: true, arrange: async who => (await toEnd(who), await presses('Enter', '/')(who), who.page.getByRole('listbox', { name: 'Blocks' }).waitFor()), tidy: presses('Escape', 'Backspace', 'Backspace') },
  { name: 'link', arrange: async who => (await who.text.locator('p', { hasText: 'See you there' }).click(), await presses('Control+Shift+ArrowLeft', 'Control+k')(who), dialog(who, 'Link')) },
  { name: 'link-chosen', arrange: async who => (await who.text.locator('a').click(), dialog(who, 'Link')) },
  { name: 'image', arrange: async who => (await toEnd(who), await presses('Control+Shift+P')(who), await who.page.getByRole('combobox', { name: 'Commands' }).fill('image'), await who.page.keyboard.press('Enter'), dialog(who, 'Image')) },
  { name: 'bubble', isPicture: true, isWide: true, arrange: async who => (await who.text.locator('p', { hasText: 'See you there' }).dblclick({ position: { x: 12, y: 12 } }), who.page.getByRole('toolbar', { name: 'Format the selection' }).waitFor()) },
  { name: 'tooltip', isWide: true, arrange: async ({ page }) => (await button(page, 'Bold').hover(), page.locator('.tooltip').first().waitFor()), tidy: ({ page }) => page.mouse.move(2, 400) },
  { name: 'toast', arrange: async ({ page, text }) => (await text.focus(), await page.keyboard.press('Control+s'), page.locator('.toast').first().waitFor()) },
]

/** @type {State[]} */
const MARKDOWN_STATES = [
  { name: 'markdown', isPicture: true },
  ...ON_EVERY_DOCUMENT.filter(({ name }) => name === 'menu' || name === 'outline'),
  { name: 'find', arrange: async who => (await toEnd(who), await presses('Control+f')(who), who.page.getByRole('textbox', { name: 'Find' }).waitFor()), tidy: presses('Escape') },
]

/** @type {State[]} */
const CODE_STATES = [
  { name: 'code', isPicture: true },
  { name: 'find', arrange: MARKDOWN_STATES[3].arrange, tidy: presses('Escape') },
  { name: 'line', arrange: async who => (await toEnd(who), await presses('Control+Alt+g')(who), who.page.getByRole('textbox', { name: 'Go to line' }).waitFor()), tidy: presses('Escape') },
]

/** What the past of a document shows. @type {State[]} */
const PAST = [
  { name: 'past', isPicture: true },
  { name: 'past-menu', arrange: who => opensMenu(who, 'More about this moment') },
  { name: 'past-versions', isPicture: true, arrange: async ({ page }) => (await button(page, 'Versions').click(), page.getByRole('tab', { name: 'Versions' }).waitFor()), tidy: ({ page }) => page.getByRole('button', { name: 'Close panel' }).click() },
  { name: 'past-name', arrange: async who => (await opensMenu(who, 'More about this moment'), await who.page.getByRole('menuitem', { name: 'Name this version' }).click(), dialog(who, 'Name this version')) },
  { name: 'past-muted', arrange: ({ page }) => page.locator('.past-author').first().click(), tidy: ({ page }) => page.locator('.past-author').first().click() },
  { name: 'past-compared', isPicture: true, arrange: async ({ page }) => (await button(page, 'Compare').click(), page.locator('.is-past ins').first().waitFor()), tidy: ({ page }) => page.getByRole('button', { name: 'Stop comparing' }).evaluate(element => /** @type {HTMLElement} */ (element).click()) },
]

const OFFLINE = [/ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to load resource|WebSocket/]

/** @type {Place[]} */
export const PLACES = [
  { path: '/', ready: '.foot', isEmpty: true, states: [{ name: 'home-empty', isPicture: true }] },
  { path: '/bin', ready: 'main h1', isEmpty: true, states: [{ name: 'bin-empty' }] },
  {
    path: '/', ready: '.item-link', expects: OFFLINE,
    states: [
      { name: 'home', isPicture: true },
      { name: 'home-kinds', arrange: who => opensMenu(who, 'New of another kind') },
      { name: 'home-actions', arrange: who => opensMenu(who, 'Actions for Minutes of 3 March') },
      { name: 'home-rename', arrange: async ({ page }) => (await page.getByRole('list', { name: 'All documents' }).getByRole('link').first().focus(), page.keyboard.press('F2')) },
      { name: 'home-cards', isPicture: true, arrange: ({ page }) => button(page, 'Cards').click(), tidy: ({ page }) => button(page, 'List').click() },
      { name: 'home-search', arrange: async ({ page }) => (await page.getByRole('searchbox').fill('minutes'), page.getByRole('list', { name: 'Results' }).waitFor()) },
      { name: 'home-nothing', arrange: async ({ page }) => (await page.getByRole('searchbox').fill('no such thing'), page.getByText('Nothing matches').waitFor()), tidy: ({ page }) => page.getByRole('searchbox').fill('') },
      { name: 'home-offline', isPicture: true, arrange: async ({ context, page }) => (await context.setOffline(true), page.getByText('You are offline.').waitFor()), tidy: ({ context }) => context.setOffline(false) },
    ],
  },
  {
    path: '/bin', ready: '.item-deleted',
    states: [{ name: 'bin', isPicture: true }, { name: 'bin-sure', arrange: async ({ page }) => (await page.getByRole('button', { name: /^Delete for ever/ }).first().click(), page.getByRole('dialog').waitFor()) }],
  },
  { path: '/no/such/page', ready: 'h1', expects: [/404/], states: [{ name: '404', isPicture: true }] },
  { path: '/about', ready: '.shortcuts dt', states: [{ name: 'about', isPicture: true }] },
  {
    path: '/server', ready: '.documents tbody tr', expects: OFFLINE,
    states: [
      { name: 'server', isPicture: true },
      { name: 'server-table', arrange: async ({ page }) => (await button(page, 'Updates per second as a table').click(), page.getByRole('columnheader', { name: 'Time' }).waitFor()), tidy: ({ page }) => button(page, 'Updates per second as a table').click() },
      { name: 'server-who', arrange: async ({ page }) => (await page.getByRole('button', { name: 'Who' }).first().click(), page.getByRole('dialog').getByRole('button', { name: 'Send away' }).first().waitFor()) },
      { name: 'server-unload', arrange: async ({ page }) => (await page.getByRole('button', { name: 'Unload' }).first().click(), page.getByRole('dialog').waitFor()) },
    ],
  },
  { path: '/d/plan', ready: '.ProseMirror img[src]', states: RICH },
  { path: '/h/plan', ready: '.is-past img[src]', states: PAST },
  { path: '/h/seats.py', ready: '.is-past .cm-line', states: [PAST[0], PAST[5]] },
  {
    path: `/d/letter?kind=markdown&token=${token({ letter: 'owner' }, 'Ada Byron')}`, ready: '.cm-content', isGuarded: true,
    states: [
      { name: 'share', isPicture: true, arrange: async who => (await opensShare(who), await makesLink(who, 'For Grace', 'view', 'week')) },
      { name: 'share-qr', isPicture: true, arrange: async who => (await opensShare(who), await makesLink(who, 'For a phone', 'view', 'day'), await button(who.page, 'Show as QR code').click(), await who.page.getByRole('img', { name: 'QR code of the new link' }).waitFor()) },
      { name: 'share-again', isPicture: true, arrange: async who => (await opensShare(who), who.page.getByText('For Grace').first().waitFor()) },
    ],
  },
  {
    path: `/d/letter?token=${token({ letter: 'view' }, 'Linus Okafor')}`, ready: '.cm-content', isGuarded: true,
    states: [
      { name: 'share-viewer', isPicture: true, arrange: opensShare },
      { name: 'ask', isPicture: true, arrange: async who => (await who.page.locator('.status').click(), await button(who.page, 'Ask for access').click(), dialog(who, 'Ask to edit')) },
    ],
  },
  {
    path: `/d/reading?kind=markdown&token=${token({ reading: 'owner' }, 'Ada Byron')}`, ready: '.cm-content', isGuarded: true,
    states: [{ name: 'asked', isPicture: true, arrange: async ({ page }) => {
      await fetch(new URL('/api/v1/documents/reading/access-requests', page.url()), { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Coscribe-Name': 'Grace%20Okafor' }, body: JSON.stringify({ ticket: 'g'.repeat(43), access: 'edit', note: 'I have the dates of the spring readings.' }) })
      await page.getByText('Grace Okafor asks to edit').waitFor()
    } }],
  },
  { path: '/d/minutes', ready: '.cm-line', states: MARKDOWN_STATES },
  { path: '/d/seats.py', ready: '.cm-line', states: CODE_STATES },
  {
    path: '/d/plan', ready: '.ProseMirror img[src]', expects: OFFLINE,
    states: [{ name: 'offline', isPicture: true, arrange: async who => (await toEnd(who), await who.context.setOffline(true), await who.page.keyboard.type(' And on.'), await who.page.locator('.status[data-status=offline]').waitFor(), await who.page.locator('.status').click()) }],
  },
  {
    path: '/d/lost?kind=markdown', ready: '.cm-content', expects: [...OFFLINE, /4404|410|404/],
    states: [
      { name: 'rescue', isPicture: true, arrange: async who => {
        await who.text.click()
        await who.page.keyboard.type('# Kept words\n\nThese were written while nobody could send them.')
        await who.isSaved()
        await who.context.setOffline(true)
        await who.page.locator('.status[data-status=offline]').waitFor()
        await who.page.keyboard.type(' And these.')
        const { origin } = new URL(who.page.url())
        await fetch(`${origin}/api/v1/documents/lost?forever=1`, { method: 'DELETE' })
        await who.context.setOffline(false)
        await who.page.locator('.rescue').waitFor()
      } },
      { name: 'rescue-sure', arrange: ({ page }) => page.getByRole('button', { name: /^Discard/ }).click() },
    ],
  },
]

/**
 * Servers with these documents and people in them: an open one, one that asks for tokens, and an empty one.
 * @param {import('playwright-core').Browser} browser
 */
export async function setStage(browser) {
  const [full, guarded, empty] = [await startServer(), await startServer(['--auth-secret', SECRET]), await startServer()]
  const make = (/** @type {object} */ body) => fetch(`${full.url}/api/v1/documents`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }).then(answer => answer.json())
  for (const [title, kind] of OTHERS) await make({ title, kind })
  const letter = token({ letter: 'owner' }, 'Ada Byron')
  await fetch(`${guarded.url}/api/v1/documents`, { method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${letter}` }, body: JSON.stringify({ name: 'letter', kind: 'markdown' }) })
  const { name } = await make({ title: 'Old programme', kind: 'rich' })
  await fetch(`${full.url}/api/v1/documents/${name}`, { method: 'DELETE' })
  const minutes = await writer(full.port, 'minutes', { kind: 'markdown', title: 'Minutes of 3 March', text: MARKDOWN })
  const seats = await writer(full.port, 'seats.py', { kind: 'code', title: 'seats.py', lang: 'python', text: CODE })
  minutes.pointsAt('Mia Chen', MARKDOWN.indexOf('Friday') + 3)
  seats.pointsAt('Linus Okafor', CODE.indexOf('per_row'), CODE.indexOf('per_row') + 7)
  const others = await Promise.all(['Mia Chen', 'Linus Okafor'].map(who => person(browser, full.url, who)))
  const [mia, linus] = others
  await mia.opens('plan', '?kind=rich')
  await mia.page.getByRole('textbox', { name: 'Title' }).fill('Launch of the reading room')
  await mia.page.keyboard.press('Enter')
  await mia.page.evaluate(content => void /** @type {any} */ (document.querySelector('.ProseMirror')).editor.commands.setContent(content), plan(full.url))
  await mia.isSaved()
  await linus.opens('plan')
  await linus.sees('See you there.')
  await mia.text.locator('h2').first().click()
  await linus.text.locator('td', { hasText: 'Mia Chen' }).dblclick()
  return {
    /** @param {Place} place */
    serverOf: place => (place.isEmpty ? empty : place.isGuarded ? guarded : full),
    async strike() {
      for (const one of [minutes, seats]) one.close()
      for (const one of others) await one.close()
      for (const one of [full, guarded, empty]) await one.stop()
    },
  }
}

/** Everything is saved, or nothing can be. @param {Person} who */
export const isSettled = who => who.page.locator('.status:is([data-status=saved], [data-status=read-only])').waitFor()

/** Somebody at a place. @param {import('playwright-core').Browser} browser @param {string} url @param {Place} place @param {import('playwright-core').BrowserContextOptions} options */
export async function goTo(browser, url, { path, ready, expects = [] }, options) {
  const who = await person(browser, url, 'Ada Byron', options)
  who.expects.push(...expects)
  await who.page.goto(url + path)
  await who.page.locator(ready).first().waitFor()
  if (path.startsWith('/d/')) await isSettled(who)
  if (path === '/d/plan') for (const name of ['Mia Chen', 'Linus Okafor']) await who.page.locator('.remote-caret', { hasText: name }).waitFor({ state: 'attached' })
  return who
}

/** As a computer and as a phone, light and dark. @type {(import('playwright-core').BrowserContextOptions & { viewport: { width: number, height: number }, colorScheme: 'light' | 'dark' })[]} */
export const SCREENS = /** @type {const} */ (['light', 'dark']).flatMap(colorScheme => [
  { colorScheme, viewport: { width: 1280, height: 800 } },
  { colorScheme, viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
])

/** @param {typeof SCREENS[number]} screen */
export const nameOf = ({ viewport, colorScheme }) => `${viewport.width}-${colorScheme}`
