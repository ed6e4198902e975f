// Markdown to HTML for the preview pane.
export { default as MarkdownIt } from 'markdown-it'
