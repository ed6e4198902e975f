// Clicks on links in the text: with Ctrl (⌘ on a Mac) or in a document that is only read they open, else the
// form for the link does.
import { Extension, Plugin } from '../../../vendor/rich.js'
import { safeAddress } from './link.js'

/** @param {{ link: () => void }} ask */
export const linkClicks = ask => Extension.create({
  name: 'linkClicks',
  addProseMirrorPlugins() {
    const { editor } = this
    return [
      new Plugin({
        props: {
          handleClick(view, position, event) {
            const link = event.target instanceof Element ? event.target.closest('a[href]') : null
            if (!link || !view.dom.contains(link) || event.button !== 0) return false
            const address = safeAddress(link.getAttribute('href'))
            if (address === null) return false
            // The browser itself follows links in text that cannot be edited.
            if (!editor.isEditable) return false
            if (event.ctrlKey || event.metaKey) open(address, '_blank', 'noopener,noreferrer')
            else if (editor.commands.setTextSelection(position)) ask.link()
            return true
          },
        },
      }),
    ]
  },
})
