// The node `image` with the attributes Tiptap gives it, without Tiptap's handles for resizing.
import { Node, nodeInputRule } from '../../../vendor/rich.js'

export const Image = Node.create({
  name: 'image',
  group: 'block',
  draggable: true,
  addAttributes: () => Object.fromEntries(['src', 'alt', 'title', 'width', 'height'].map(name => [name, { default: null }])),
  parseHTML: () => [{ tag: 'img[src]:not([src^="data:"])' }],
  renderHTML: ({ HTMLAttributes }) => ['img', HTMLAttributes],
  addInputRules() {
    return [
      nodeInputRule({
        find: /(?:^|\s)(!\[(.+|:?)]\((\S+)(?:(?:\s+)["'](\S+)["'])?\))$/,
        type: this.type,
        getAttributes: ([, , alt, src, title]) => ({ src, alt, title }),
      }),
    ]
  },
})
