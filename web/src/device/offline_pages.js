// Lets the pages open without the server: has the browser install the service worker, which keeps them.
import { inApp } from '../mount/index.js'

/** Installs it once the page is done with its own loading. Browsers allow that on https and on this machine only. */
export function keepPagesOffline() {
  if (!('serviceWorker' in navigator)) return
  const install = () => navigator.serviceWorker.register(inApp('/sw.js')).catch(() => {
    // Without it everything works but opening a page while offline.
  })
  if (document.readyState === 'complete') install()
  else addEventListener('load', install, { once: true })
}
