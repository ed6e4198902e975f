// Texts of keeping what cannot be sent (de). Keys start with `rescue.`.

export const rescue = {
  'rescue.keep': 'Als neues Dokument speichern',
  'rescue.keep.replaced': 'Meine Kopie als neues Dokument behalten',
  'rescue.download': '.md herunterladen',
  'rescue.discard': 'Verwerfen',
  'rescue.discard.replaced': 'Meine verwerfen',
  'rescue.confirm': 'Ihre Kopie verwerfen? Das lässt sich nicht rückgängig machen.',
  'rescue.confirm.yes': 'Endgültig verwerfen',
  'rescue.failed': 'Das neue Dokument konnte nicht angelegt werden. Laden Sie die Kopie herunter oder versuchen Sie es erneut.',
  'rescue.all': 'Alle Dokumente',
}
