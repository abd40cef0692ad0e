/* Which view is on, whose page it is, and what every view is handed. A view is a module with `show(root, app, gone)`, which draws into
   `root` and gives back what to call when it goes; `gone()` says whether another view has taken its place while it was being drawn. */
import * as api from './api.js';
import { $, h } from './kit.js';
import * as notices from './notices.js';
import { prompts } from './prompt.js';
import { speakFor } from './queue.js';
import { forget, remember, remembered, statusOf, whenRemembered } from './remembered.js';
import { speak, t, useOffset } from './texts.js';
import { turns } from './turns.js';

const VIEWS = { '/': 'now', '/breathe': 'breathe', '/prompts': 'why', '/welcome': 'welcome', '/settings': 'settings', '/join': 'join', '/weeks': 'weeks' };
const NAV = ['/', '/weeks', '/breathe', '/prompts', '/settings'];
const NO_HEAD = ['join', 'welcome'];

/* `lost`: the stream is down. `away`: the server was not reached, and `status` is what this device remembers of whose page it is.
   `drawn`: the last drawn points of now, each with when it was sent and drawn. */
export const app = { status: null, choices: {}, listeners: new Set(), go, refresh, tell, lost: false, away: false, drawn: [] };
const shown = turns(), HIDDEN_MS = 60_000;
/** Whose page was opened. It never becomes another's: everything on it, and what waits to be sent, is theirs. */
let opened = null;

/** Another view, without loading the page again. */
export function go(path) { if (location.pathname + location.search !== path) history.pushState({}, '', path); return draw(); }

async function refresh() {
  try {
    const status = await api.get('/status');
    if (opened !== null && status.person !== opened) { location.replace('/'); return await new Promise(() => { /* this page ends here */ }); }
    opened = status.person;
    const { choices } = await api.get('/profile');
    Object.assign(app, { status, choices, away: false });
    remember(app);
  } catch (error) {
    if (error.status === 401) forget();
    if (error instanceof api.ApiError) throw error;
    const kept = opened !== null && app.status ? { status: statusOf(app.status), choices: app.choices } : remembered();
    if (!kept) throw error;
    opened ??= kept.status.person;
    if (kept.status.person !== opened) throw error;
    Object.assign(app, kept, { away: true });
  }
  useOffset(app.status.offset_s, app.status.offsets);
  speakFor(app.status.person);
  return app.status;
}
/** Whose page it is, asked again; when the server is not reached, what is known stays. */
const check = () => refresh().catch(() => {});

/** One plain notice above the view; '' takes it away. */
function tell(text) { const banner = $('#banner'); banner.textContent = text; banner.hidden = !text; }

function head(view) {
  $('#head').hidden = NO_HEAD.includes(view);
  $('#skip').textContent = t('common.skip');
  $('#nav').setAttribute('aria-label', t('common.main'));
  $('#nav').replaceChildren(...NAV.map(path => h('a', { href: path, 'aria-current': VIEWS[path] === view ? 'page' : undefined }, t(`nav.${VIEWS[path]}`))));
  const name = app.status?.display_name ?? '';
  $('#who').textContent = name;
  $('#who').setAttribute('aria-label', t('common.whose', { name }));
  document.title = `${t(`nav.${view}`)} · somalink`;
}

async function draw() {
  const view = VIEWS[location.pathname] ?? 'now', root = $('#view'), { stale, keep } = shown.begin();
  try {
    if (view !== 'join') await refresh();
    if (stale()) return;
    await speak(app.choices.language);
    if (stale()) return;
    if (app.choices.theme) document.documentElement.dataset.theme = app.choices.theme; else delete document.documentElement.dataset.theme;
    if (view === 'now' && app.status && app.choices.introduced !== 'yes' && !sessionStorage.getItem('later')) return await go('/welcome');
    head(view);
    root.replaceChildren();
    root.dataset.view = view;
    const module = await import(`./views/${view}.js`);
    if (stale()) return;
    keep(await module.show(root, app, stale) ?? undefined);
  } catch (error) {
    if (stale()) return;
    if (error.status === 401 && view !== 'join') return await go('/join');
    await speak().catch(() => {});
    if (stale()) return;
    root.replaceChildren(h('p.card', {}, error.what || t('common.not_reached')));
    if (!(error instanceof api.ApiError)) throw error;
  }
}

/** One stream for the whole page; views listen to it through `app.listeners`. After it was lost nothing is passed on before it is known that
    the page is still the same person's. A page out of sight lets go of it after a minute, since a browser has six connections to one server
    for all its tabs; where notices come to this device it stays. */
function follow() {
  let sure = true, losses = 0, timer;
  const pass = (name, data) => { for (const listen of app.listeners) listen(name, data); };
  const stream = api.stream(async (name, data) => {
    if (name === 'lost') { app.lost = true; sure = false; losses++; }
    else if (name === 'open') {
      const before = losses;
      if (!sure) await check();
      if (losses !== before) return;
      app.lost = false; sure = true;
    } else if (!sure) return;
    pass(name, data);
  });
  const sight = () => {
    clearTimeout(timer);
    if (!document.hidden) stream.resume();
    else timer = setTimeout(() => { if (!notices.on(app.choices)) stream.pause(); }, HIDDEN_MS);
  };
  document.addEventListener('visibilitychange', () => { sight(); if (!document.hidden) check(); });
  sight();
}

addEventListener('popstate', draw);
document.addEventListener('click', e => {
  const link = e.target.closest?.('a[href^="/"]');
  if (!link || e.defaultPrevented || e.metaKey || e.ctrlKey || e.shiftKey || link.target || link.hasAttribute('download') || !(new URL(link.href).pathname in VIEWS)) return;
  e.preventDefault();
  go(link.getAttribute('href')).then(() => { if (link.hash) return; $('#view').focus({ preventScroll: true }); scrollTo(0, 0); });
});
draw().then(() => { if (app.status) { follow(); prompts(app); whenRemembered(check); } });
if (isSecureContext && 'serviceWorker' in navigator) navigator.serviceWorker.register('/sw.js').catch(() => { /* the page works without; it only cannot open offline */ });
