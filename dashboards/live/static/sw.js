/* Keeps the shell of the page (document, styles, scripts, texts), so that it opens and takes tags while the server is not reached.
   Nothing of /api is ever kept here. The newest from the server wins; what is kept stands in when there is no answer in time. */
const KEPT = 'somalink-shell-1', PATIENCE_MS = 2500;
const VIEWS = ['now', 'breathe', 'why', 'welcome', 'settings', 'join', 'weeks'];
const PATHS = ['/', '/breathe', '/prompts', '/welcome', '/settings', '/join', '/weeks'];
const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*['"]((?:\.{0,2}\/)[^'"]+\.js)['"]/g, LINK = /(?:href|src)="(\/static\/[^"]+)"/g;

/** Follows links and imports from the document on, and keeps each file once. */
async function gather() {
  const kept = await caches.open(KEPT), seen = new Set(), next = ['/', '/texts/en.json', '/texts/de.json', ...VIEWS.map(view => `/static/js/views/${view}.js`)];
  while (next.length) {
    const path = next.shift();
    if (seen.has(path)) continue;
    seen.add(path);
    const answer = await fetch(path, { cache: 'no-cache' }).catch(() => null);
    if (!answer?.ok) continue;
    await kept.put(path, answer.clone());
    if (!/\.(js|css)$|^\/$/.test(path)) continue;
    const text = await answer.text(), at = new URL(path, location.origin);
    for (const [, found] of [...text.matchAll(path === '/' ? LINK : IMPORT)]) next.push(new URL(found, at).pathname);
  }
}

self.addEventListener('install', event => { event.waitUntil(gather().then(() => self.skipWaiting())); });
self.addEventListener('activate', event => {
  event.waitUntil(caches.keys().then(names => Promise.all(names.filter(name => name.startsWith('somalink-shell') && name !== KEPT).map(name => caches.delete(name)))).then(() => self.clients.claim()));
});

async function shell(request, path) {
  const kept = await caches.open(KEPT);
  const fresh = fetch(request).then(async answer => { if (answer.ok && !answer.redirected) await kept.put(path, answer.clone()); return answer; });
  fresh.catch(() => {});
  const late = new Promise(resolve => { setTimeout(resolve, PATIENCE_MS); });
  try { const answer = await Promise.race([fresh, late]); if (answer) return answer; } catch { /* not reached: what is kept stands in */ }
  return await kept.match(path) ?? fresh;
}

self.addEventListener('fetch', event => {
  const { request } = event, { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (request.mode === 'navigate') { if (PATHS.includes(pathname)) event.respondWith(shell(request, '/')); return; }
  if (pathname.startsWith('/static/') || pathname.startsWith('/texts/')) event.respondWith(shell(request, pathname));
});

/* A notice that is tapped brings the page to the front. */
self.addEventListener('notificationclick', event => {
  event.notification.close();
  event.waitUntil(self.clients.matchAll({ type: 'window' }).then(all => (all[0] ? all[0].focus() : self.clients.openWindow('/'))));
});
