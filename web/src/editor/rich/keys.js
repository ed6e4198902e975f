// Keys of the rich editor beyond Tiptap's own: the shortcuts of commands that have none there, Tab only where
// it means something, and the way out of the text: Esc, then Tab.
import { Extension, Plugin } from '../../../vendor/rich.js'
import { inList } from './blocks.js'

/** Keys that may come between Esc and Tab. */
const BETWEEN = ['Shift', 'Control', 'Alt', 'Meta']

/** @param {{ link: () => void }} ask */
export const richKeys = ask => Extension.create({
  name: 'richKeys',
  // Before Tiptap's own keys for lists and tables.
  priority: 1100,

  addKeyboardShortcuts() {
    const { editor } = this
    // In a list the key never leaves by accident, even where it cannot indent further.
    const tab = (/** @type {'sinkListItem' | 'liftListItem'} */ command) => () => {
      if (editor.isActive('codeBlock') || !inList(editor)) return false
      editor.commands[command](editor.isActive('taskItem') ? 'taskItem' : 'listItem')
      return true
    }
    const quote = () => editor.commands.toggleBlockquote()
    return {
      Tab: tab('sinkListItem'),
      'Shift-Tab': tab('liftListItem'),
      // Bold would take these: it answers to Mod-b with or without Shift.
      'Mod-Shift-b': quote,
      'Mod-Shift-B': quote,
      'Mod-k': () => (ask.link(), true),
      'Mod-\\': () => editor.chain().unsetAllMarks().clearNodes().run(),
    }
  },

  addProseMirrorPlugins() {
    let isLeaving = false
    return [
      new Plugin({
        props: {
          handleDOMEvents: {
            keydown(_view, event) {
              // Claimed and not prevented: the browser moves the focus, and no indentation gets the key.
              if (isLeaving && event.key === 'Tab') return true
              isLeaving = event.key === 'Escape' || (isLeaving && BETWEEN.includes(event.key))
              return false
            },
            blur() {
              isLeaving = false
              return false
            },
          },
        },
      }),
    ]
  },
})
