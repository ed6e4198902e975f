// Texte zum Bitten um Zugriff (de).

export const access = {
  'access.ask.view': 'Um Zugriff bitten',
  'access.ask.edit': 'Um Bearbeitung bitten',
  'access.ask.why': 'Wem das Dokument gehört, liest, dass {name} darum bittet. Lassen Sie diese Seite offen: Es geht von selbst weiter, sobald es erlaubt ist.',
  'access.note': 'Eine Nachricht dazu (freiwillig)',
  'access.send': 'Bitten',
  'access.sent': 'Gesendet. Die Bitte ist zu sehen, sobald das Dokument dort geöffnet ist.',
  'access.allowed': 'Sie haben jetzt Zugriff.',
  'access.refused': 'Der Zugriff wurde vorerst nicht erlaubt.',
  'access.asks.view': '{name} möchte dieses Dokument ansehen.',
  'access.asks.edit': '{name} möchte dieses Dokument bearbeiten.',
  'access.unverified': 'Der Name ist eine eigene Angabe.',
  'access.allow': 'Erlauben',
  'access.later': 'Nicht jetzt',
}
