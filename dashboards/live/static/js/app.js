/* Which view is on, whose page it is, and what every view is handed. A view is a module with `show(root, app)`, which draws into `root`
   and gives back what to call when it goes. */
import * as api from './api.js';
import { $, h } from './kit.js';
import { prompts } from './prompt.js';
import { speakFor } from './queue.js';
import { speak, t, useOffset } from './texts.js';

const VIEWS = { '/': 'now', '/breathe': 'breathe', '/prompts': 'why', '/welcome': 'welcome', '/settings': 'settings', '/join': 'join', '/weeks': 'weeks' };
const NAV = ['/', '/breathe', '/prompts', '/settings'];
const NO_HEAD = ['join', 'welcome'];

/* `lost`: the stream is down. `away`: the server was not reached, and `status` is what this device remembers of whose page it is.
   `drawn`: the last drawn points of now, each with when it was sent and drawn. */
export const app = { status: null, choices: {}, listeners: new Set(), go, refresh, tell, lost: false, away: false, drawn: [] };
let leave = () => {};

/** Another view, without loading the page again. */
export function go(path) { if (location.pathname + location.search !== path) history.pushState({}, '', path); return draw(); }

const REMEMBERED = 'somalink.page';
/** Whose page it is and what they chose, kept on this device so that a tag can be made while the server is not reached. No health data. */
function remember() {
  const { person, display_name, tz, offset_s } = app.status;
  try { localStorage.setItem(REMEMBERED, JSON.stringify({ status: { person, display_name, tz, offset_s }, choices: app.choices })); } catch { /* private window */ }
}
function remembered() { try { return JSON.parse(localStorage.getItem(REMEMBERED)); } catch { return null; } }

async function refresh() {
  try {
    app.status = await api.get('/status');
    app.choices = (await api.get('/profile')).choices;
    app.away = false;
    remember();
  } catch (error) {
    const kept = error instanceof api.ApiError ? null : remembered();
    if (error.status === 401) try { localStorage.removeItem(REMEMBERED); } catch { /* nothing was kept */ }
    if (!kept) throw error;
    Object.assign(app, kept, { away: true });
  }
  useOffset(app.status.offset_s);
  speakFor(app.status.person);
  return app.status;
}

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
  const view = VIEWS[location.pathname] ?? 'now', root = $('#view');
  leave(); leave = () => {};
  try {
    if (view !== 'join') await refresh();
    await speak(app.choices.language);
    if (app.choices.theme) document.documentElement.dataset.theme = app.choices.theme; else delete document.documentElement.dataset.theme;
    if (view === 'now' && app.status && app.choices.introduced !== 'yes' && !sessionStorage.getItem('later')) return go('/welcome');
    head(view);
    root.replaceChildren();
    root.dataset.view = view;
    const module = await import(`./views/${view}.js`);
    leave = (await module.show(root, app)) ?? (() => {});
  } catch (error) {
    if (error.status === 401 && view !== 'join') return go('/join');
    await speak().catch(() => {});
    root.replaceChildren(h('p.card', {}, error.what || t('common.not_reached')));
    if (!(error instanceof api.ApiError)) throw error;
  }
}

/** One stream for the whole page; views listen to it through `app.listeners`. */
function follow() {
  api.stream((name, data) => {
    if (name === 'open') { app.lost = false; } else if (name === 'lost') { app.lost = true; }
    for (const listen of app.listeners) listen(name, data);
  });
}

addEventListener('popstate', draw);
document.addEventListener('click', e => {
  const link = e.target.closest?.('a[href^="/"]');
  if (!link || e.defaultPrevented || e.metaKey || e.ctrlKey || e.shiftKey || link.target || link.hasAttribute('download') || !(new URL(link.href).pathname in VIEWS)) return;
  e.preventDefault();
  go(link.getAttribute('href')).then(() => { if (link.hash) return; $('#view').focus({ preventScroll: true }); scrollTo(0, 0); });
});
draw().then(() => { if (app.status) { follow(); prompts(app); } });
if (isSecureContext && 'serviceWorker' in navigator) navigator.serviceWorker.register('/sw.js').catch(() => { /* the page works without; it only cannot open offline */ });
