/* What this device has to tell the server, kept here first and sent when it can be: tags, edits, ratings, sessions. Saved before anything is
   sent; in order for each id; the same row is never two things on the server, which knows each UUID once. What is refused is parked and shown. */
import * as api from './api.js';
import { mergeRow } from './merge.js';

const FIRST_WAIT_MS = 2_000, LONGEST_WAIT_MS = 60_000, MERGES = 4;
const LATER = new Set([401, 408, 425, 429]);

/** One after the other within this page, where the browser has no locks among tabs (plain http). */
export function inTurn() {
  let last = Promise.resolve();
  return work => { const mine = last.then(work); last = mine.catch(() => {}); return mine; };
}

/** The logic alone. `store`: add(row) -> seq, put(row), remove(seq), all(); `transport(row)`: the answer, or throws with `status` when the
    server said no; `whose()`: the person this device may speak for now, throws when the server is not reached; `lock(work)`: one tab at a time. */
export function createQueue({ store, transport, whose, lock = inTurn(), now = Date.now, timer = globalThis }) {
  const listeners = new Set(), sents = new Set(), waiters = new Map();
  let rows = [], draining = null, again = false, pause = FIRST_WAIT_MS, pending = null, closed = false;

  const changed = async () => { rows = (await store.all()).sort((a, b) => a.seq - b.seq); for (const listen of listeners) listen(rows); };
  const settle = (seq, outcome) => { waiters.get(seq)?.(outcome); waiters.delete(seq); };

  /** Keeps it, then tries to send. Awaited: it is kept. `done`: what became of the first try: sent (with answer), kept or parked. */
  async function send({ kind, id, method, path, body, query, base, person, made_at_ns }) {
    const row = { kind, id, method, path, body, query, base, person, made_at_ns: made_at_ns ?? body?.made_at_ns, made_ms: now(), tries: 0, parked: null };
    row.seq = await store.add(row);
    const done = new Promise(resolve => waiters.set(row.seq, resolve));
    await changed();
    drain();
    return { seq: row.seq, done };
  }

  /** Takes back what was never tried; false when the server may know it already. */
  async function withdraw(id) {
    return lock(async () => {
      const mine = (await store.all()).filter(row => row.id === id);
      if (!mine.length || mine.some(row => row.tries > 0) || mine.sort((a, b) => a.seq - b.seq)[0].method !== 'POST') return false;
      for (const row of mine) { await store.remove(row.seq); settle(row.seq, { state: 'withdrawn' }); }
      await changed();
      return true;
    });
  }

  async function attempt(row) {
    for (let merges = 0; ; merges++) {
      try { return { state: 'sent', answer: await transport(row) }; } catch (error) {
        const { status } = error, current = error.body?.current;
        if (!status || status >= 500 || LATER.has(status)) return { state: 'kept' };
        if (status === 404 && (row.method === 'DELETE' || (row.method === 'POST' && row.kind === 'event'))) return { state: 'sent', answer: null };  // taken back already
        if (status === 409 && current && !current.deleted && row.method !== 'POST' && merges < MERGES) {
          const merged = mergeRow(row, current);
          if (!merged) return { state: 'sent', answer: current };
          row = merged;
          await store.put(row);
          continue;
        }
        return { state: 'parked', row: { ...row, parked: { status, what: error.what ?? '', next_step: error.nextStep ?? '', current: current ?? null } } };
      }
    }
  }

  /** What follows on the same id was made on top of this row: it goes on from the revision this row became, when nobody was in between. */
  async function advance(row, answer) {
    const was = row.body?.revision;
    if (row.method !== 'PUT' || answer?.revision !== was + 1) return;
    for (const next of await store.all()) {
      if (next.id !== row.id || next.seq <= row.seq) continue;
      if (next.body?.revision === was) await store.put({ ...next, body: { ...next.body, revision: answer.revision } });
      else if (next.query?.revision === was) await store.put({ ...next, query: { ...next.query, revision: answer.revision } });
    }
  }

  async function once() {
    const all = (await store.all()).sort((a, b) => a.seq - b.seq);
    if (!all.some(row => !row.parked)) return true;
    let person;
    try { person = await whose(); } catch { return false; }
    const held = new Set(all.filter(row => row.parked).map(row => row.id));
    for (const { seq, id } of all) {
      const row = (await store.all()).find(each => each.seq === seq);
      if (!row || row.parked || held.has(id) || (row.person ?? person) !== person) continue;
      const tried = { ...row, tries: row.tries + 1 };
      await store.put(tried);
      const outcome = await attempt(tried);
      if (outcome.state === 'kept') return false;
      if (outcome.state === 'parked') { held.add(id); await store.put(outcome.row); } else { await advance(tried, outcome.answer); for (const told of sents) told(tried, outcome.answer); await store.remove(seq); }
      await changed();
      settle(seq, outcome);
    }
    return true;
  }

  function later() {
    timer.clearTimeout(pending);
    if (!closed) pending = timer.setTimeout(() => drain(), pause);
    pause = Math.min(pause * 2, LONGEST_WAIT_MS);
  }

  /** Sends what waits; at most one at a time, here and among the tabs. */
  function drain() {
    if (draining) { again = true; return draining.then(() => draining); }
    draining = (async () => {
      let done = true;
      do { again = false; done = await lock(once); } while (again && done);
      if (done) { pause = FIRST_WAIT_MS; timer.clearTimeout(pending); } else later();
      await changed();
      if (!again) for (const seq of [...waiters.keys()]) settle(seq, { state: 'kept' });
    })().finally(() => { draining = null; if (again) { again = false; drain(); } });
    return draining;
  }

  return {
    send, withdraw, drain, load: changed,
    rows: () => rows,
    waiting: () => new Set(rows.filter(row => !row.parked).map(row => row.id)).size,
    parked: () => rows.filter(row => row.parked),
    /** Another try at once, from the start of the waiting times. */
    wake() { pause = FIRST_WAIT_MS; return drain(); },
    async retry(seq) { const row = rows.find(each => each.seq === seq); if (row) { await store.put({ ...row, parked: null }); await changed(); await drain(); } },
    async drop(seq) { await store.remove(seq); settle(seq, { state: 'dropped' }); await changed(); drain(); },
    listen(fn) { listeners.add(fn); return () => listeners.delete(fn); },
    /** Calls back with each row that the server took, and its answer, just before the row is forgotten here. */
    sent(fn) { sents.add(fn); return () => sents.delete(fn); },
    close() { closed = true; timer.clearTimeout(pending); },
  };
}

/* ---- kept in the browser ---------------------------------------------------------------------------------------------------------------- */

/** Rows in IndexedDB. A connection that has dropped (phones do that behind one's back) is made anew and the work done once more; when that does
    not help, or the browser keeps nothing, rows are in memory from then on, and `lasting` says so. What lay in the database goes on from memory
    as if tried: its copy there may be sent once more after a reload, which the server knows by its UUID. */
export function browserStore(name = 'somalink', table = 'outbox', database = () => globalThis.indexedDB) {
  let opened, memory = null, last = 0, known = [];
  const kept = { lasting: true };
  const open = () => opened ??= new Promise((resolve, reject) => {
    const asked = database().open(name, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(table, { keyPath: 'seq', autoIncrement: true });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  const change = async (connection, mode, work) => {
    const db = await connection;
    return new Promise((resolve, reject) => {
      const doing = db.transaction(table, mode, { durability: 'strict' }), asked = work(doing.objectStore(table));
      doing.oncomplete = () => resolve(asked.result);
      doing.onerror = doing.onabort = () => reject(doing.error);
    });
  };
  async function run(mode, work, instead) {
    for (let tries = 0; !memory && tries < 2; tries++) {
      const connection = open();
      try { return await change(connection, mode, work); } catch { if (opened === connection) opened = undefined; }
    }
    memory ??= new Map(known.map(row => [row.seq, { ...row, tries: Math.max(1, row.tries) }]));
    kept.lasting = false;
    return instead(memory);
  }
  const saw = seq => { last = Math.max(last, seq); return seq; };
  return Object.assign(kept, {
    async add(row) { return saw(await run('readwrite', rows => rows.add(row), rows => { const seq = last + 1; rows.set(seq, { ...row, seq }); return seq; })); },
    put: row => run('readwrite', rows => rows.put(row), rows => { rows.set(row.seq, row); return row.seq; }),
    remove: seq => run('readwrite', rows => rows.delete(seq), rows => { rows.delete(seq); }),
    async all() { known = await run('readonly', rows => rows.getAll(), rows => [...rows.values()]); known.forEach(row => saw(row.seq)); return [...known]; },
  });
}

const within = s => AbortSignal.timeout?.(s * 1000);
const transport = row => row.method === 'DELETE' ? api.remove(row.path, row.query, { signal: within(15) })
  : (row.method === 'PUT' ? api.put : api.post)(row.path, row.body, { signal: within(15) });

let here = null, speaksFor = null;
/** The queue of this page: made at the first call, then always the same. */
export function queue() {
  if (here) return here;
  const store = browserStore();
  here = createQueue({
    store, transport,
    whose: async () => (await api.get('/status', {}, { signal: within(10) })).person,
    lock: navigator.locks ? work => navigator.locks.request('somalink.outbox', work) : undefined,
  });
  here.store = store;
  const tabs = globalThis.BroadcastChannel && new BroadcastChannel('somalink.outbox');
  let heard = false;
  here.listen(() => { if (!heard) tabs?.postMessage('changed'); });
  if (tabs) tabs.onmessage = async () => { heard = true; await here.load(); heard = false; };
  addEventListener('online', () => here.wake());
  document.addEventListener('visibilitychange', () => { if (!document.hidden) here.wake(); });
  here.load().then(() => here.drain());
  return here;
}

/** Whose page this is; rows are kept under this name, shown on that page alone, and sent only while the server says the same. */
export const speakFor = person => { speaksFor = person; };
/** What is kept here of the page that is open. */
export const mine = () => queue().rows().filter(row => (row.person ?? speaksFor) === speaksFor);
export const send = job => {
  if (!navigator.userAgent.includes('Firefox')) navigator.storage?.persist?.().catch(() => {});     // which would ask, at the worst moment
  return queue().send({ person: speaksFor, ...job });
};
export const waiting = () => new Set(mine().filter(row => !row.parked).map(row => row.id)).size;
