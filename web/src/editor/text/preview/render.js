// Markdown to HTML that is safe to show: no HTML from the source, links and images only to where they may lead, tasks
// as boxes. Each block carries its line in `data-l`. Knows nothing of the page.
import { MarkdownIt } from '../../../../vendor/preview.js'
import { slugOf } from '../markdown/outline.js'

/** @typedef {import('markdown-it').Token} Token */
/** @typedef {import('markdown-it').StateCore} StateCore */
/** @typedef {Record<string, any>} References */

const md = new MarkdownIt({ html: false, linkify: false, typographer: false })
md.validateLink = isSafeLink
md.core.ruler.push('tasks', markTasks)
md.core.ruler.push('lines', markLines)
md.core.ruler.push('anchors', markHeadings)
md.renderer.rules.link_open = (tokens, index, options, _env, self) => {
  const token = tokens[index]
  const href = String(token.attrGet('href') ?? '')
  if (href.startsWith('data:')) token.attrSet('href', '#')
  else if (!href.startsWith('#')) {
    token.attrSet('target', '_blank')
    token.attrSet('rel', 'noopener noreferrer nofollow')
  }
  return self.renderToken(tokens, index, options)
}
md.renderer.rules.image = (tokens, index, options, env, self) => {
  const token = tokens[index]
  const alt = self.renderInlineAsText(token.children ?? [], options, env)
  const src = String(token.attrGet('src') ?? '')
  if (!isSafeImage(src)) return `<span class="preview-no-image">${md.utils.escapeHtml(alt || src)}</span>`
  token.attrSet('alt', alt)
  token.attrSet('loading', 'lazy')
  token.attrSet('referrerpolicy', 'no-referrer')
  return self.renderToken(tokens, index, options)
}
md.renderer.rules.fence = md.renderer.rules.code_block = (tokens, index) => {
  const token = tokens[index]
  return `<pre tabindex="0"${lineOf(token)}><code>${md.utils.escapeHtml(token.content)}</code></pre>\n`
}
// Cells take their direction from what they say, tables scroll by themselves.
md.renderer.rules.table_open = (tokens, index) => `<div class="preview-table" tabindex="0"${lineOf(tokens[index])}><table>\n`
md.renderer.rules.table_close = () => '</table></div>\n'

/** @param {string} source @param {string} fence the fence it begins in @param {References} references */
export function renderMarkdown(source, fence, references) {
  const env = { references, shift: fence ? 1 : 0 }
  return md.render(fence ? `${fence}\n${source}` : source, env)
}

/** The links that lines define, for all chunks. @param {string} lines */
export function parseReferences(lines) {
  /** @type {{ references?: References }} */
  const env = {}
  md.parse(lines, env)
  return env.references ?? {}
}

/** Web, mail and telephone addresses, places in this text, and addresses relative to it. @param {string} url */
export function isSafeLink(url) {
  const scheme = url.replace(/[\s\p{Cc}]/gu, '').match(/^([a-z][a-z0-9+.-]*):/i)?.[1].toLowerCase()
  return scheme === undefined || ['http', 'https', 'mailto', 'tel'].includes(scheme) || isSafeImage(url)
}

/** @param {string} url */
export function isSafeImage(url) {
  return /^https:\/\//i.test(url) || /^data:image\/(?:png|gif|jpeg|webp|avif);base64,/i.test(url)
}

/** @param {Token} token */
function lineOf(token) {
  const line = token.attrGet('data-l')
  return line === null ? '' : ` data-l="${line}"`
}

/** @param {StateCore} state */
function markLines({ tokens, env }) {
  for (const token of tokens) {
    if (token.map && token.type !== 'inline' && !/^t(?:r|head|body|h|d)_/.test(token.type)) token.attrSet('data-l', String(Math.max(0, token.map[0] - Number(env.shift))))
    if (/^(?:paragraph|heading|list_item|th|td)_open$/.test(token.type)) token.attrSet('dir', 'auto')
  }
}

/** @param {StateCore} state */
function markHeadings({ tokens }) {
  tokens.forEach((token, index) => token.type === 'heading_open' && token.attrSet('data-anchor', slugOf(tokens[index + 1].content.replace(/[*_`~]/g, ''))))
}

/** `[ ]` at the start of a list item becomes a box. @param {StateCore} state */
function markTasks(state) {
  state.tokens.forEach((token, index) => {
    const inline = state.tokens[index + 2]
    const first = inline?.children?.[0]
    if (token.type !== 'list_item_open' || inline?.type !== 'inline' || first?.type !== 'text') return
    const task = first.content.match(/^\[([ xX])\][ \t]+/)
    if (!task) return
    first.content = first.content.slice(task[0].length)
    token.attrJoin('class', 'preview-task')
    const box = new state.Token('html_inline', '', 0)
    const line = Math.max(0, (inline.map?.[0] ?? 0) - Number(state.env.shift))
    box.content = `<input type="checkbox" data-l="${line}" aria-label="${md.utils.escapeHtml(plain(inline.content.slice(task[0].length)))}"${task[1] === ' ' ? '' : ' checked'}>`
    inline.children?.unshift(box)
  })
}

/** @param {string} content */
function plain(content) {
  return content.split('\n')[0].replace(/[*_`~[\]]/g, '').slice(0, 120)
}
