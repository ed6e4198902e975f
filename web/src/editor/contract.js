// What every editor gives the page and gets from it. Types only.

/** @typedef {import('../../vendor/core.js').awareness.Awareness} Awareness */
/** Whose presence state this is; null for states without a person. @typedef {(client: number, state: unknown) => import('../presence/people.js').Present | null} ReadPerson */

/**
 * @typedef {object} EditorContext
 * @property {import('../../vendor/core.js').Y.Doc} doc
 * @property {Awareness} awareness
 * @property {ReadPerson} readPerson
 * @property {(isComposing: boolean) => void} onComposition an input method began or ended; others' edits are held meanwhile
 * @property {(message: string) => void} announce says something to screen readers, politely
 * @property {(message: string) => void} toast shows a passing message
 * @property {(problem: Problem) => void} onProblem the editor can only show this document
 * @property {number} largestUpdate bytes the server takes at once, as far as it has said; larger pastes are refused before they enter the document
 */

/**
 * Why a document is shown and not edited.
 * @typedef {'unknown-content' | 'newer-schema'} Problem
 */

/**
 * Something a person can do, for the toolbar, the palette and the list of shortcuts.
 * @typedef {object} EditorCommand
 * @property {string} id such as `bold`
 * @property {string} label translated
 * @property {string} [keys] as `Mod-b`, `Mod-Alt-1`, `Shift-F6`; Mod is Ctrl, on a Mac ⌘
 * @property {string} [icon] a name of `ui/icon.js`
 * @property {string} group commands of a group stand together; `block`, `mark`, `list`, `insert`, `history`, `view`, …
 * @property {() => void} run
 * @property {() => boolean} [isActive] pressed; absent for what is no toggle
 * @property {() => boolean} [isEnabled]
 * @property {boolean} [inToolbar] default true
 */

/** @typedef {{ level: number, text: string, go: () => void }} Heading */

/** Who inserted a clock value, and up to which clock; null when nobody knows. @typedef {(client: number, clock: number) => { end: number, look: AuthorLook | null }} WriterOf */

/**
 * @typedef {object} OpenEditor
 * @property {(canEdit: boolean) => void} setEditable
 * @property {() => void} focus
 * @property {() => void} destroy
 * @property {{ value: number }} changed a signal that ticks when selection or content changed
 * @property {EditorCommand[]} commands read again when `changed` ticks
 * @property {() => Heading[]} outline
 * @property {(client: number) => boolean} goTo scrolls to a person's caret without moving ours; false when they show none
 * @property {(cursor: any) => boolean} enter puts our caret where one was published; false when that place is gone
 * @property {() => { line: string, detail: string } | null} [count] such as words, for the status line
 * @property {(writerOf: WriterOf | null) => void} showAuthors colours what everybody wrote, or no longer
 * @property {() => string} plainText what a rescue can save: Markdown where possible
 */

/**
 * How an author is drawn. @typedef {{ hue: number, name: string }} AuthorLook
 */

/**
 * Something that differs between two moments.
 * @typedef {object} PastChange
 * @property {'inserted' | 'deleted' | 'changed'} state
 * @property {number} author
 * @property {string} text
 * @property {() => void} go shows it in the text
 */

/**
 * A document's past, to be looked at.
 * @typedef {object} PastView
 * @property {(shown: import('../history/moment.js').Shown) => void} show
 * @property {(index: import('../history/columns.js').Index) => void} update the past has gone on
 * @property {() => PastChange[]} changes between the two moments that are shown, in the order of the text
 * @property {() => void} reveal scrolls to what the last `show` changed, unless it is in sight
 * @property {(isOn: boolean) => Promise<void>} [setSide] shows both moments side by side
 * @property {() => void} destroy
 */

/** @typedef {{ index: import('../history/columns.js').Index, lookOf: (author: number) => AuthorLook }} PastContext */

export {}
