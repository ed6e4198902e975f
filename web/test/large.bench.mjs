// Numbers for large documents, not part of the tests: `COSCRIBE_BIN=… node test/large.bench.mjs`. A rich document
// of 1 000 000 characters in 5 000 paragraphs and text files of 2 MB: opening, typing, receiving.
import * as Y from 'yjs'
import { foreigner } from './support/foreigner.mjs'
import { launch, person } from './support/people.mjs'
import { startServer } from './support/server.mjs'

const PARAGRAPHS = 5000
const SENTENCE = 'The quick brown fox jumps over the lazy dog and then it rests a while. '
const TIMES = 60

const server = await startServer()
const browser = await launch()
try {
  const rich = await foreigner(server.port, 'rich')
  const blocks = Array.from({ length: PARAGRAPHS }, (_, i) => {
    const block = new Y.XmlElement(i % 20 === 0 ? 'heading' : 'paragraph')
    if (i % 20 === 0) block.setAttribute('level', /** @type {any} */ (2))
    const text = new Y.XmlText()
    text.insert(0, `${i} ${SENTENCE.repeat(3)}`.slice(0, 200))
    block.insert(0, [text])
    return block
  })
  rich.doc.getXmlFragment('default').insert(0, blocks)
  await rich.settled()
  await measure('rich, 1 000 000 characters', 'rich', '?kind=rich', '.ProseMirror > :nth-child(2500)', () => {
    const block = /** @type {Y.XmlElement} */ (rich.doc.getXmlFragment('default').get(10))
    ;/** @type {Y.XmlText} */ (block.get(0)).insert(0, 'x')
  })
  rich.close()

  /** Lines that a grammar has something to do with. @type {Record<string, string>} */
  const lines = {
    javascript: "  if (place > 3 && names.has('fox')) return render({ value: `${count} of them`, more: [1, 2, 3] }) // so\n",
    markdown: `${SENTENCE}\n\n- **one** [two](https://example.org) \`three\`\n\n## Four\n\n`,
    plain: `${SENTENCE}\n`,
  }
  for (const [lang, line] of Object.entries(lines)) {
    const text = await foreigner(server.port, lang)
    text.doc.getText('text').insert(0, line.repeat(Math.ceil((2 << 20) / line.length)).slice(0, 2 << 20))
    text.doc.getMap('meta').set('kind', lang === 'markdown' ? 'markdown' : 'code')
    if (lang === 'javascript') text.doc.getMap('meta').set('lang', lang)
    await text.settled()
    await measure(`${lang}, 2 MB`, lang, '', '.cm-line:nth-child(10)', () => text.doc.getText('text').insert(3, 'x'))
    text.close()
  }
} finally {
  await browser.close()
  await server.stop()
}

/** @param {string} label @param {string} name @param {string} query @param {string} place @param {() => void} edit */
async function measure(label, name, query, place, edit) {
  const one = await person(browser, server.url, 'Ada Byron')
  const began = performance.now()
  await one.opens(name, query)
  await one.page.locator(place).waitFor()
  await one.page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve))))
  const opened = performance.now() - began
  await one.page.locator(place).click()
  const session = await one.context.newCDPSession(one.page)
  // Time the page's main thread really worked, whatever else this machine does.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const worked = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    const of = (/** @type {string} */ metric) => (metrics.find(each => each.name === metric)?.value ?? 0) * 1000
    return { all: of('TaskDuration'), script: of('ScriptDuration'), layout: of('LayoutDuration') + of('RecalcStyleDuration') }
  }
  const frame = () => one.page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve))))
  const each = async (/** @type {() => Promise<unknown>} */ act) => {
    /** @type {{ all: number, script: number, layout: number }[]} */
    const spent = []
    for (let i = 0; i < TIMES; i++) {
      const before = await worked()
      await act()
      await frame()
      const after = await worked()
      spent.push({ all: after.all - before.all, script: after.script - before.script, layout: after.layout - before.layout })
    }
    const show = (/** @type {'all' | 'script' | 'layout'} */ part) => `${part} ${at(spent.map(one => one[part]), 0.5)} / ${at(spent.map(one => one[part]), 0.95)}`
    return `${show('all')} (${show('script')}, ${show('layout')})`
  }
  const typing = await each(() => one.page.keyboard.press('a'))
  const receiving = await each(async () => {
    await one.page.evaluate(() => {
      const text = /** @type {Element} */ (document.querySelector('.ProseMirror, .cm-content'))
      ;/** @type {any} */ (globalThis).came = new Promise(resolve => new MutationObserver((_all, observer) => (observer.disconnect(), resolve(undefined))).observe(text, { subtree: true, childList: true, characterData: true }))
    })
    edit()
    await one.page.evaluate(() => /** @type {any} */ (globalThis).came)
  })
  console.log(`${label}: open ${Math.round(opened)} ms\n  key, ms of main thread p50 / p95: ${typing}\n  edit received: ${receiving}`)
  await one.close()
}

/** @param {number[]} values @param {number} part */
function at(values, part) {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN).toFixed(1)
}
