// A classic script, run before the first paint: puts on the page what the person chose, so that nothing flashes.
// The record is that of `device/settings.js`, which takes over a moment later.
try {
  const { theme, width } = JSON.parse(localStorage.getItem('coscribe.settings') ?? '{}')
  document.documentElement.dataset.theme = String(theme ?? 'system')
  document.documentElement.classList.toggle('is-wide', width === 'wide')
} catch {
  // Without storage the page looks as the system does.
}
