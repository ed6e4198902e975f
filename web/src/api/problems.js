// What went wrong with a request, in the reader's language.
import { t } from '../i18n/index.js'
import '../i18n/home.js'
import { ApiError } from './http.js'

/** @type {Record<string, () => string>} */
const WORDS = {
  offline: () => t('home.problem.offline'),
  timeout: () => t('home.problem.timeout'),
  busy: () => t('home.problem.busy'),
  'bad-content': () => t('home.problem.badContent'),
  'bad-name': () => t('home.problem.badName'),
  forbidden: () => t('home.problem.forbidden'),
  'in-bin': () => t('home.problem.inBin'),
  'name-taken': () => t('home.problem.nameTaken'),
  'not-found': () => t('home.problem.notFound'),
  'not-listed': () => t('home.problem.notListed'),
  open: () => t('home.problem.open'),
  'too-large': () => t('home.problem.tooLarge'),
  'too-slow': () => t('home.problem.timeout'),
  unauthorized: () => t('home.problem.signIn'),
  damaged: () => t('home.problem.damaged'),
  unwritable: () => t('home.problem.unwritable'),
}

/** One or two sentences; the server's own words where this app has none. @param {unknown} error */
export function explain(error) {
  if (!(error instanceof ApiError)) return t('home.problem.unexpected')
  return WORDS[error.code]?.() ?? (error.detail || t('home.problem.unexpected'))
}
