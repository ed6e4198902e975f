// The small forms that ask for an address: of a link, of an image. They stand at the selection, take the
// focus, and give it back. Loaded when first needed.
import { html, render, useEffect, useRef, useState } from '../../../vendor/view.js'
import { t } from '../../i18n/index.js'
import { scrollerOf } from './carets.js'
import { takeFocus } from './commands.js'
import { Float, placeOf } from './float.js'
import { linkTo, safeAddress } from './link.js'

/** @typedef {import('../../../vendor/rich.js').Editor} Editor */
/** @typedef {{ name: string, label: string, value: string, type?: string, hint?: string }} Field */

/**
 * @typedef {object} Form
 * @property {string} label
 * @property {Field[]} fields
 * @property {string} apply the main button
 * @property {(values: Record<string, string>) => string | null} onApply what is wrong, or null when it is done
 * @property {{ label: string, run: () => void }[]} [others]
 */

/** Asks where a link goes, or changes the one at the caret. @param {Editor} editor @param {HTMLElement} parent */
export function askForLink(editor, parent) {
  editor.commands.extendMarkRange('link')
  const known = String(editor.getAttributes('link').href ?? '')
  const close = openForm(editor, parent, {
    label: t('rich.link'),
    fields: [{ name: 'href', label: t('rich.link.address'), value: known, type: 'text' }],
    apply: known ? t('rich.apply') : t('rich.link.add'),
    onApply({ href }) {
      const address = safeAddress(href)
      if (address === null) return href.trim() === '' ? t('rich.link.empty') : t('rich.link.refused')
      setLink(editor, address)
      return null
    },
    others: known ? [{ label: t('rich.link.open'), run: () => openLink(known) }, { label: t('rich.link.remove'), run: () => (editor.chain().extendMarkRange('link').unsetMark('link').run(), close()) }] : [],
  })
}

/** Asks for an image's address and what it shows, or changes the chosen image. @param {Editor} editor @param {HTMLElement} parent */
export function askForImage(editor, parent) {
  const { src = '', alt = '' } = editor.getAttributes('image')
  openForm(editor, parent, {
    label: t('rich.image'),
    fields: [
      { name: 'src', label: t('rich.image.address'), value: src ?? '', type: 'text' },
      { name: 'alt', label: t('rich.image.alt'), value: alt ?? '', hint: t('rich.image.alt.hint') },
    ],
    apply: src ? t('rich.apply') : t('rich.image.add'),
    onApply(values) {
      const address = safeAddress(values.src)
      if (address === null || !/^https?:/.test(address)) return t('rich.image.refused')
      const image = { src: address, alt: values.alt.trim() || null }
      if (editor.isActive('image')) editor.chain().updateAttributes('image', image).run()
      else editor.chain().insertContent({ type: 'image', attrs: image }).run()
      return null
    },
  })
}

/** @param {string} href */
export function openLink(href) {
  const address = safeAddress(href)
  if (address !== null) open(address, '_blank', 'noopener,noreferrer')
}

/** @param {Editor} editor @param {string} href */
function setLink(editor, href) {
  const { empty } = editor.state.selection
  const chain = editor.chain()
  if (empty) chain.insertContent({ type: 'text', text: href.replace(/^mailto:/, ''), marks: [{ type: 'link', attrs: linkTo(href) }] }).run()
  else chain.setMark('link', linkTo(href)).run()
}

/** @param {Editor} editor @param {HTMLElement} parent @param {Form} form @returns {() => void} how to close it */
function openForm(editor, parent, form) {
  const float = new Float(parent, 'ask', 'below')
  const scroller = scrollerOf(editor.view.dom)
  const { view } = editor
  const follow = () => float.moveSoon()
  const close = (isBack = true, isShown = false) => {
    editor.off('transaction', follow)
    editor.off('destroy', leaveQuietly)
    render(html``, float.element)
    float.destroy()
    if (!isBack || editor.isDestroyed) return
    if (isShown) takeFocus(editor)
    else view.focus()
  }
  const leaveQuietly = () => close(false)
  const leave = (/** @type {FocusEvent} */ event) => {
    if (event.relatedTarget instanceof Node && !float.element.contains(event.relatedTarget)) close(false)
  }
  float.element.addEventListener('focusout', leave)
  editor.on('transaction', follow)
  editor.on('destroy', leaveQuietly)
  render(html`<${AskForm} form=${form} onClose=${close} />`, float.element)
  float.open(() => placeOf(view, view.state.selection.from, view.state.selection.to, scroller) ?? scroller.getBoundingClientRect())
  return close
}

/** @param {{ form: Form, onClose: (isBack?: boolean, isShown?: boolean) => void }} props */
function AskForm({ form, onClose }) {
  const first = useRef(/** @type {HTMLInputElement | null} */ (null))
  const [problem, setProblem] = useState('')
  useEffect(() => first.current?.select(), [])
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault()
    const data = new FormData(/** @type {HTMLFormElement} */ (event.target))
    const wrong = form.onApply(Object.fromEntries([...data].map(([name, value]) => [name, String(value)])))
    if (wrong === null) onClose(true, true)
    else setProblem(wrong)
  }
  const field = (/** @type {Field} */ { name, label, value, type = 'text', hint }, /** @type {number} */ index) => html`<label key=${name}>
    <span>${label}</span>
    <input class="field" name=${name} type=${type} defaultValue=${value} ref=${index === 0 ? first : undefined} autocomplete="off" spellcheck=${name === 'alt'}
      aria-invalid=${problem !== '' && index === 0 ? 'true' : undefined} aria-describedby=${index === 0 ? 'ask-problem' : undefined} onInput=${() => setProblem('')} />
    ${hint && html`<small>${hint}</small>`}
  </label>`
  return html`<div role="dialog" aria-label=${form.label}><form onSubmit=${submit} onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && (event.stopPropagation(), onClose())}>
    ${form.fields.map(field)}
    <p class="hint hint-bad" id="ask-problem" role="alert">${problem}</p>
    <div class="row row-end">
      ${form.others?.map(({ label, run }) => html`<button type="button" class="button" key=${label} onClick=${run}>${label}</button>`)}
      <span class="grow"></span>
      <button class="button button-main">${form.apply}</button>
    </div>
  </form></div>`
}
