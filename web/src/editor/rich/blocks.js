// The kinds of blocks a person can make, for the toolbar, the palette, shortcuts and the / menu.
import { t } from '../../i18n/index.js'

/** @typedef {import('../../../vendor/rich.js').Editor} Editor */

/**
 * @typedef {object} Block
 * @property {string} id
 * @property {string} label
 * @property {string} icon
 * @property {string} [keys]
 * @property {'block' | 'list' | 'insert'} group
 * @property {string} [words] other names a person may look for
 * @property {(chain: any) => any} make adds the step to a chain of Tiptap
 * @property {(editor: Editor) => boolean} [isActive]
 */

/** @returns {Block[]} */
export function blocks() {
  const is = (/** @type {string} */ name, /** @type {object} */ attributes = {}) => (/** @type {Editor} */ editor) => editor.isActive(name, attributes)
  const headings = [1, 2, 3].map(level => /** @type {Block} */ ({
    id: `heading-${level}`,
    label: t('rich.heading', { level }),
    icon: `heading-${level}`,
    keys: `Mod-Alt-${level}`,
    group: 'block',
    words: `h${level} #`,
    make: chain => chain.setHeading({ level }),
    isActive: is('heading', { level }),
  }))
  return [
    { id: 'paragraph', label: t('rich.paragraph'), icon: 'paragraph', keys: 'Mod-Alt-0', group: 'block', make: chain => chain.setParagraph(), isActive: editor => editor.isActive('paragraph') && !inList(editor) },
    ...headings,
    { id: 'bullet-list', label: t('rich.bulletList'), icon: 'list-bullet', keys: 'Mod-Shift-8', group: 'list', words: 'ul -', make: chain => chain.toggleBulletList(), isActive: is('bulletList') },
    { id: 'ordered-list', label: t('rich.orderedList'), icon: 'list-number', keys: 'Mod-Shift-7', group: 'list', words: 'ol 1.', make: chain => chain.toggleOrderedList(), isActive: is('orderedList') },
    { id: 'task-list', label: t('rich.taskList'), icon: 'list-task', keys: 'Mod-Shift-9', group: 'list', words: 'todo []', make: chain => chain.toggleTaskList(), isActive: is('taskList') },
    { id: 'quote', label: t('rich.quote'), icon: 'quote', keys: 'Mod-Shift-b', group: 'insert', words: '>', make: chain => chain.toggleBlockquote(), isActive: is('blockquote') },
    { id: 'code-block', label: t('rich.codeBlock'), icon: 'code-block', keys: 'Mod-Alt-c', group: 'insert', words: '```', make: chain => chain.toggleCodeBlock(), isActive: is('codeBlock') },
    { id: 'table', label: t('rich.table'), icon: 'table', group: 'insert', words: 'grid', make: chain => chain.insertTable({ rows: 3, cols: 3, withHeaderRow: true }) },
    { id: 'divider', label: t('rich.divider'), icon: 'divider', group: 'insert', words: 'hr ---', make: chain => chain.setHorizontalRule() },
  ]
}

/** Whether the caret is in a list of any kind. @param {Editor} editor */
export function inList(editor) {
  return editor.isActive('listItem') || editor.isActive('taskItem')
}
