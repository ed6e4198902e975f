// Results as Markdown and as charts. Pure: from numbers to text.
import { measurements, special } from './measurements.mjs'

/** Three digits that mean something. */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  const size = Math.abs(value)
  if (value === 0) return '0'
  if (size >= 100_000) return `${Math.round(value / 1000)} k`
  if (size >= 1000) return Math.round(value).toLocaleString('en-US').replaceAll(',', ' ')
  if (size >= 100) return value.toFixed(0)
  if (size >= 10) return value.toFixed(1)
  if (size >= 1) return value.toFixed(2)
  return value.toFixed(3)
}

/** All rows, in order. */
export const rows = [...measurements, ...special]

/** A Markdown table: a row for each measurement, a column for each server. `unsound` are marked. */
export function table(results) {
  const names = results.servers
  const notes = []
  const lines = [
    `| | ${names.join(' | ')} |`,
    `|---|${names.map(() => '---:').join('|')}|`
  ]
  for (const row of rows) {
    const cells = names.map((name) => {
      const found = results.values[name]?.[row.id]
      if (!found) return '–'
      if (found.error) return `failed${note(notes, `${name}: ${found.error}`)}`
      const mark = found.unsound ? ' †' : ''
      return `${number(found.value)}${mark}`
    })
    if (cells.every((cell) => cell === '–')) continue
    const unit = row.unit ? `, ${row.unit}` : ''
    lines.push(`| ${row.name}${unit} | ${cells.join(' | ')} |`)
  }
  const marked = lines.some((line) => line.includes('†'))
  if (marked) lines.push('', '† clients did not all end with everything that was written.')
  notes.forEach((text, index) => lines.push('', `<sup>${index + 1}</sup> ${text}`))
  return lines.join('\n')
}

/** The number of a note below the table; the same words are one note. */
function note(notes, text) {
  if (!notes.includes(text)) notes.push(text)
  return ` <sup>${notes.indexOf(text) + 1}</sup>`
}

const titles = {
  shapes: ['Server CPU per delivered edit', 'µs', true],
  memory: ['Server memory per connection', 'KiB', true],
  saved: ['Acknowledged edits per second', '/s', true],
  cold: ['Opening a large document after a restart', 'ms', true]
}

/** Charts by file name, as `coscribe bench chart` takes them. */
export function charts(results) {
  const made = {}
  for (const [group, [title, unit, log]] of Object.entries(titles)) {
    const along = rows.filter((row) => row.group === group && row.unit === unit)
    const series = results.servers.map((name, colour) => ({
      name,
      colour,
      values: along.map((row) => results.values[name]?.[row.id]?.value ?? null)
    })).filter((it) => it.values.some((value) => value !== null))
    const known = along.filter((_, index) => series.some((it) => it.values[index] !== null))
    if (series.length === 0) continue
    made[group] = {
      title,
      unit,
      kind: 'bars',
      log,
      along: known.map((row) => short(row)),
      series: series.map((it) => ({
        ...it,
        values: known.map((row) => it.values[along.indexOf(row)])
      }))
    }
  }
  return made
}

function short(row) {
  const names = {
    '1x2': '1 × 2', '1x50': '1 × 50', '50x4': '50 × 4', '20x10': '20 × 10', '8x25': '8 × 25', '1x1000': '1 × 1 001',
    idle: 'own, empty', 'idle-shared': 'one document', text: 'own, 20 kB', cold: 'first sync'
  }
  return names[row.id] ?? row.id.replace('saved-', '') + (row.group !== 'saved' ? '' : row.id === 'saved-1' ? ' writer' : ' writers')
}

/** The part of a page between two marks, replaced. */
export function replaced(page, name, text) {
  const [begin, end] = [`<!-- ${name}: written by bench/peers -->`, `<!-- end of ${name} -->`]
  const at = page.indexOf(begin)
  const to = page.indexOf(end)
  const block = `${begin}\n\n${text}\n\n${end}`
  if (at < 0 || to < at) return `${page.trimEnd()}\n\n${block}\n`
  return page.slice(0, at) + block + page.slice(to + end.length)
}
