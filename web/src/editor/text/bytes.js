// Sizes as people read them, in the page's language.
import { language } from '../../i18n/index.js'

/** @param {number} bytes */
export function formatBytes(bytes) {
  const [unit, size] = bytes < 1e6 ? ['kilobyte', bytes / 1e3] : ['megabyte', bytes / 1e6]
  return new Intl.NumberFormat(language.value, { style: 'unit', unit, maximumFractionDigits: size < 10 ? 1 : 0 }).format(size)
}
