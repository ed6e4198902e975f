// Texts of keeping what cannot be sent (en). Keys start with `rescue.`.

export const rescue = {
  'rescue.keep': 'Save as new document',
  'rescue.keep.replaced': 'Keep my copy as a new document',
  'rescue.download': 'Download .md',
  'rescue.discard': 'Discard',
  'rescue.discard.replaced': 'Discard mine',
  'rescue.confirm': 'Discard your copy? This cannot be undone.',
  'rescue.confirm.yes': 'Discard for ever',
  'rescue.failed': 'It could not be saved as a new document. Download it instead, or try again.',
  'rescue.all': 'All documents',
}
