// What the preview makes of Markdown: safe HTML, tasks as boxes, lines on blocks.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSafeImage, isSafeLink, parseReferences, renderMarkdown } from '../src/editor/text/preview/render.js'

const render = (/** @type {string} */ source, fence = '', references = {}) => renderMarkdown(source, fence, references)

test('no HTML of the source becomes HTML of the page', () => {
  for (const source of ['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '**<b onclick=x>**', '```<script>\n<img>\n```', '[a](https://x.org "\\"><img src=x>")', '![<img src=x>](https://x.org/"onerror="alert(1))', '- [ ] <img src=x onerror=y> "quoted"', '# <svg/onload=x>']) {
    const html = render(source)
    const tags = [...html.matchAll(/<([a-z0-9]+)((?:\s[^>"]*(?:"[^"]*")?)*)>/gi)]
    for (const [tag, name, attributes] of tags) {
      assert.match(name, /^(p|pre|code|strong|a|img|ul|li|input|h1|span)$/, tag)
      assert.doesNotMatch(attributes.replace(/"[^"]*"/g, ''), /\son\w+/i, tag)
    }
    assert.doesNotMatch(html, /<(script|svg|b)\b/)
  }
})

test('links lead only to the web, mail, telephones and places in the text', () => {
  for (const url of ['https://x.org', 'http://x.org', 'mailto:a@x.org', 'tel:+49', '#counts', 'other.md', '/d/x']) assert.ok(isSafeLink(url), url)
  for (const url of ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'java\nscript:x', 'vbscript:x', 'data:text/html,x', 'file:///etc', 'blob:x', '\u0001javascript:x']) assert.ok(!isSafeLink(url), url)
  assert.doesNotMatch(render('[x](javascript:alert(1)) [y](data:text/html,x) [z](&#106;avascript:x) [b](blob:https://x.org/1) [f](ftp://x.org) <app:x>'), /href/)
  assert.match(render('[x](https://x.org)'), /target="_blank" rel="noopener[^"]*"/)
  assert.doesNotMatch(render('[x](data:image/png;base64,AAAA)'), /href="data:/)
})

test('images come from https or are part of the text; others show what they say', () => {
  for (const url of ['https://x.org/a.png', 'data:image/png;base64,AAAA']) assert.ok(isSafeImage(url), url)
  for (const url of ['http://x.org/a.png', 'data:image/svg+xml;base64,AAAA', 'data:text/html,x', '/a.png', '//x.org/a.png']) assert.ok(!isSafeImage(url), url)
  assert.match(render('![a heron](https://x.org/a.png)'), /<img src="https:\/\/x.org\/a.png" alt="a heron" loading="lazy" referrerpolicy="no-referrer">/)
  assert.match(render('![a heron](http://x.org/a.png)'), /<span class="preview-no-image">a heron<\/span>/)
})

test('tasks are boxes with a name and their line', () => {
  const html = render('text\n\n- [ ] **one**\n- [x] two\n- three [ ]')
  assert.match(html, /<input type="checkbox" data-l="2" aria-label="one"><strong>one/)
  assert.match(html, /<input type="checkbox" data-l="3" aria-label="two" checked>two/)
  assert.equal(html.match(/<input/g)?.length, 2)
})

test('blocks carry the line they begin at, also where a fence was cut', () => {
  assert.match(render('# a\n\nb\n\n```js\nc\n```'), /<h1 data-l="0" dir="auto" data-anchor="a">.*<p data-l="2" dir="auto">.*<pre tabindex="0" data-l="4"><code>c/s)
  assert.match(render('still <code>\n```\nafter', '```'), /<pre tabindex="0" data-l="0"><code>still &lt;code&gt;\n<\/code><\/pre>\n<p data-l="2"/)
})

test('definitions of links hold for the whole text', () => {
  assert.match(render('[a][b]', '', parseReferences('[b]: https://x.org')), /href="https:\/\/x.org"/)
})
