// Texts of asking for access (en). Keys start with `access.`; the other languages have the same ones.

export const access = {
  'access.ask.view': 'Ask for access',
  'access.ask.edit': 'Ask to edit',
  'access.ask.why': 'The owner reads that {name} asks. Leave this page open: it goes on by itself once they allow it.',
  'access.note': 'A note to the owner (optional)',
  'access.send': 'Ask',
  'access.sent': 'Asked. The owner sees it when they have the document open.',
  'access.allowed': 'The owner lets you in.',
  'access.refused': 'The owner does not let you in now.',
  'access.asks.view': '{name} asks to view this document.',
  'access.asks.edit': '{name} asks to edit this document.',
  'access.unverified': 'The name is what they say.',
  'access.allow': 'Allow',
  'access.later': 'Not now',
}
