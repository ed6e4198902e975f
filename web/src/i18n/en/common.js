// Texts that several parts share (en). Keys start with `common.`; the other languages have the same ones.

export const common = {
  'common.back': 'Back',
  'common.cancel': 'Cancel',
  'common.close': 'Close',
  'common.dismiss': 'Dismiss',
  'common.messages': 'Messages',
  'common.names': '{first} {second}',
  'common.names.first': 'Amber Blue Coral Green Ivory Plum Silver Teal',
  'common.names.second': 'Crane Fox Hare Heron Lynx Otter Owl Wren',
  'common.save': 'Save',
  'common.text': 'Document text',
  'common.theme': 'Theme',
  'common.theme.system': 'As the system',
  'common.theme.light': 'Light',
  'common.theme.dark': 'Dark',
  'common.untitled': 'Untitled',
  'common.kind.rich': 'Document',
  'common.kind.markdown': 'Markdown',
  'common.kind.code': 'Code',
}
