// Texts that several parts share (de). Keys start with `common.`; the other languages have the same ones.

export const common = {
  'common.back': 'Zurück',
  'common.cancel': 'Abbrechen',
  'common.close': 'Schließen',
  'common.dismiss': 'Ausblenden',
  'common.messages': 'Meldungen',
  'common.names': '{first}{second}',
  'common.names.first': 'Bernstein Blau Elfenbein Grün Korallen Kupfer Pflaumen Silber',
  'common.names.second': 'fuchs hase kauz kranich luchs marder otter reiher',
  'common.save': 'Speichern',
  'common.text': 'Text des Dokuments',
  'common.theme': 'Farben',
  'common.theme.system': 'Wie das System',
  'common.theme.light': 'Hell',
  'common.theme.dark': 'Dunkel',
  'common.untitled': 'Ohne Titel',
  'common.kind.rich': 'Dokument',
  'common.kind.markdown': 'Markdown',
  'common.kind.code': 'Code',
}
