// Shown when a document cannot be edited any more: what happened, and ways to keep the text.
import { html } from '../../vendor/view.js'

/**
 * @param {object} props
 * @param {import('../presence/status.js').Status} props.status
 * @param {string} props.text everything in the document as this page has it
 * @param {string} props.name the document's
 */
export function Rescue({ status, text, name }) {
  return html`
    <section class="rescue" role="alert" aria-labelledby="rescue-title">
      <h2 id="rescue-title">${status.text}</h2>
      <p>${status.detail}</p>
      <div class="row">
        ${text !== '' && html`<button class="button button-main" type="button" onClick=${() => download(text, name)}>Download a copy</button>`}
        <button class="button" type="button" onClick=${() => location.reload()}>Reload</button>
        <a class="button" href="/">All documents</a>
      </div>
    </section>
  `
}

/** @param {string} text @param {string} name */
function download(text, name) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/markdown' }))
  link.download = `${name.replace(/[/\\:*?"<>|]/g, '-')}.md`
  link.click()
  URL.revokeObjectURL(link.href)
}
