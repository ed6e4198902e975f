// The headings of a Markdown text, by lines: fast enough for any length, and independent of how far the grammar
// has parsed. Pure.

/** @typedef {{ level: number, text: string, line: number }} Found `line` from 1 */

const MOST = 2000

/** @param {import('../extension.js').Text} doc @returns {Found[]} */
export function headingsOf(doc) {
  /** @type {Found[]} */
  const found = []
  let fence = ''
  let number = 0
  let previous = ''
  for (const lines = doc.iterLines(); !lines.next().done && found.length < MOST; ) {
    const text = lines.value
    number++
    const first = text.charCodeAt(0)
    // Most lines begin with a letter and are no heading; looking at one character is what keeps this fast.
    if (first === 35 || first === 32 || first === 61 || first === 45 || first === 96 || first === 126) {
      const ticks = text.match(/^ {0,3}(`{3,}|~{3,})/)?.[1] ?? ''
      if (fence) {
        if (ticks.startsWith(fence) && text.trim() === ticks) fence = ''
      } else if (ticks) {
        fence = ticks
      } else {
        const heading = text.match(/^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/)
        if (heading) found.push({ level: heading[1].length, text: plain(heading[2]), line: number })
        else if (/^ {0,3}(?:=+|-{2,})[ \t]*$/.test(text) && isParagraph(previous)) found.push({ level: text.includes('=') ? 1 : 2, text: plain(previous), line: number - 1 })
      }
    }
    previous = text
  }
  return found
}

/** @param {string} text */
function isParagraph(text) {
  return text.trim() !== '' && !/^ {0,3}(?:#{1,6}[ \t]|>|[-*+][ \t]|\d{1,9}[.)][ \t]|\||`{3,}|~{3,})| {4}|\t/.test(text)
}

/** Without the marks. @param {string} text */
function plain(text) {
  return text.replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/(\*\*|__|~~|`)(.*?)\1/g, '$2').replace(/(^|\W)[*_]([^*_]+)[*_](?=\W|$)/g, '$1$2').trim()
}

/** The name that a link `#name` uses for a heading. @param {string} text */
export function slugOf(text) {
  return text.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s+/g, '-')
}
