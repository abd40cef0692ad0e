/* The server, as the page meets it: JSON over fetch, one event stream, and what time the server thinks it is.
   Times that are kept are strings of UTC nanoseconds (`*_ns`); times that are drawn are numbers of milliseconds (`*_ms`). */

export class ApiError extends Error {
  constructor(status, { what = '', next_step = '', ...rest } = {}) {
    super(what || String(status));
    Object.assign(this, { status, what, nextStep: next_step, body: rest });
  }
}

/** Milliseconds to add to this device's clock to have the server's: from the quickest answer of the last minutes, since that one says it
    best; kept on the device, so that a tag made after a reload without the server has the right time too. */
const AHEAD = 'somalink.ahead', FRESH_MS = 300_000;
let ahead = 0, quickest = { trip: Infinity, at: -Infinity };
try { ahead = Number(localStorage.getItem(AHEAD)) || 0; } catch { /* nothing is kept here */ }
function measure(told, sent, came) {
  if (came - sent > quickest.trip && sent - quickest.at < FRESH_MS && Math.abs(told - (sent + came) / 2 - ahead) < 1000 + came - sent) return;
  quickest = { trip: came - sent, at: sent };
  ahead = told - (sent + came) / 2;
  try { localStorage.setItem(AHEAD, String(Math.round(ahead))); } catch { /* as above */ }
}
export const now = () => Date.now() + ahead;
export const nowNs = () => ns(now());
export const ns = ms => `${Math.round(ms)}000000`;
export const ms = text => Number(BigInt(text) / 1000000n);

/** A UUID v4; `crypto.randomUUID` is missing over plain http. */
export function uuid() {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = b[6] & 15 | 64; b[8] = b[8] & 63 | 128;
  const hex = [...b].map(x => x.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

async function call(method, path, body, { signal } = {}) {
  const sent = Date.now();
  const answer = await fetch(`/api/v1${path}`, {
    method, signal, credentials: 'same-origin', cache: 'no-store',
    headers: { 'X-Somalink': '1', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = Number(answer.headers.get('X-Now-Ms'));
  if (told) measure(told, sent, Date.now());
  const text = await answer.text();
  const said = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new ApiError(answer.status, said ?? {});
  return said;
}

const query = given => { const q = new URLSearchParams(Object.entries(given).filter(([, v]) => v !== undefined)).toString(); return q ? `?${q}` : ''; };
export const get = (path, given = {}, how) => call('GET', path + query(given), undefined, how);
export const post = (path, body, how) => call('POST', path, body, how);
export const put = (path, body, how) => call('PUT', path, body, how);
export const remove = (path, given = {}, how) => call('DELETE', path + query(given), undefined, how);

/** The event stream: `on(name, data)` for each, `open` and `lost` of its own. Reconnects by itself for ever; `close()` ends it.
    `pause()` lets go of the connection, without a word; `resume()` takes it up, as after `lost`. */
export function stream(on, given = {}) {
  let source, paused = false, wait = 500, timer;
  const names = ['now', 'link', 'changed', 'prompt', 'beat', 'overflow', 'people'];
  function open() {
    source = new EventSource(`/api/v1/stream${query(given)}`);
    source.onopen = () => { wait = 500; on('open'); };
    source.onerror = () => {
      on('lost');
      if (source.readyState === EventSource.CLOSED && !paused) { timer = setTimeout(open, wait); wait = Math.min(wait * 2, 8000); }
    };
    for (const name of names) source.addEventListener(name, e => on(name, e.data ? JSON.parse(e.data) : {}));
  }
  open();
  const pause = () => { paused = true; clearTimeout(timer); source.close(); };
  return { close: pause, pause, resume() { if (!paused) return; paused = false; wait = 500; on('lost'); open(); } };
}
