// Asks the server to turn text of one format into another. Knows no documents.
import { inApp } from '../mount/index.js'

/**
 * @param {string} text
 * @param {'md' | 'html' | 'txt' | 'json'} from
 * @param {'md' | 'html' | 'txt' | 'json'} to
 * @returns {Promise<string>}
 */
export async function convertText(text, from, to) {
  const answer = await fetch(inApp(`/api/v1/convert?from=${from}&to=${to}`), { method: 'POST', body: text, headers: { 'x-coscribe': '1' } })
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`)
  return answer.text()
}
