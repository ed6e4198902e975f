// What is wrong with the name of a document, in words for the person who typed it.
import { BYTES_MOST, bytesOf, faultOf } from '../device/names.js'
import { t } from '../i18n/index.js'
import '../i18n/home.js'

/** Null when it is fine. @param {string} name */
export function problemWith(name) {
  const fault = faultOf(name)
  return fault && t(`home.name.${fault}`, { bytes: bytesOf(name), most: BYTES_MOST })
}
