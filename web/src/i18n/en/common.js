// Texts that several parts share (en). Keys start with `common.`; the other languages have the same ones.

export const common = {
  'common.cancel': 'Cancel',
  'common.close': 'Close',
  'common.save': 'Save',
  'common.untitled': 'Untitled',
  'common.kind.rich': 'Document',
  'common.kind.markdown': 'Markdown',
  'common.kind.code': 'Code',
}
