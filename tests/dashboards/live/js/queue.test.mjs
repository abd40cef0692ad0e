/* The queue with a store in memory and a server that can be away, forgetful or of another mind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserStore, createQueue } from '../../../../dashboards/live/static/js/queue.js';

function memory() {
  const rows = new Map();
  let last = 0;
  const copy = row => structuredClone(row);
  return { rows, add: async row => { rows.set(++last, copy({ ...row, seq: last })); return last; }, put: async row => { rows.set(row.seq, copy(row)); }, remove: async seq => { rows.delete(seq); }, all: async () => [...rows.values()].map(copy) };
}
const said = (status, body = {}) => Object.assign(new Error(String(status)), { status, what: body.what ?? '', nextStep: '', body });
const away = () => new TypeError('fetch');
const tag = (id, more = {}) => ({ kind: 'event', id, method: 'POST', path: '/events', person: 'a', body: { id, kind: 'conflict', t_ns: '1000', made_at_ns: '1000' }, ...more });
const clock = () => { const asked = []; return { asked, timer: { setTimeout: (fn, ms) => { asked.push({ fn, ms }); return asked.length; }, clearTimeout: () => {} } }; };

function world({ person = 'a', answer = row => ({ ...row.body, revision: 1 }) } = {}) {
  const store = memory(), sent = [], { asked, timer } = clock(), state = { person, answer };
  const make = lock => createQueue({ store, timer, lock, whose: async () => { if (state.person instanceof Error) throw state.person; return state.person; },
    transport: async row => { sent.push([row.method, row.id, structuredClone(row.body), row.query]); const got = await state.answer(row); if (got instanceof Error) throw got; return got; } });
  return { store, sent, asked, state, make, queue: make() };
}

test('what is sent is kept first, sent, and then forgotten', async () => {
  const { queue, store, sent, state } = world();
  let kept = null;
  state.answer = async row => { kept = (await store.all()).length; return { ...row.body, revision: 1 }; };
  const { done } = await queue.send(tag('1'));
  assert.equal((await done).state, 'sent');
  assert.equal(kept, 1);
  assert.deepEqual([sent.length, queue.waiting(), (await store.all()).length], [1, 0, 0]);
});

test('a tag made while the server is away waits, and is sent once when it is back', async () => {
  const { queue, sent, state, asked } = world({ person: away() });
  const { done } = await queue.send(tag('1'));
  assert.equal((await done).state, 'kept');
  assert.deepEqual([queue.waiting(), sent.length, asked.length], [1, 0, 1]);
  state.person = 'a';
  await Promise.all([queue.wake(), queue.wake(), queue.drain()]);
  assert.deepEqual([queue.waiting(), sent.length], [0, 1]);
});

test('waiting times double up to a minute, and start anew when woken', async () => {
  const { queue, asked } = world({ person: away() });
  await (await queue.send(tag('1'))).done;
  for (let i = 0; i < 6; i++) await queue.drain();
  assert.deepEqual(asked.map(a => a.ms), [2000, 4000, 8000, 16000, 32000, 60000, 60000]);
  await queue.wake();
  assert.equal(asked.at(-1).ms, 2000);
});

test('it survives a reload: another queue on the same store sends what waits', async () => {
  const { queue, make, sent, state } = world({ person: away() });
  await (await queue.send(tag('1'))).done;
  queue.close();
  state.person = 'a';
  const later = make();
  await later.load();
  assert.equal(later.waiting(), 1);
  await later.drain();
  assert.deepEqual([sent.length, later.waiting()], [1, 0]);
});

test('two tabs that share a lock send each row once', async () => {
  let last = Promise.resolve();
  const lock = work => { const mine = last.then(work); last = mine.catch(() => {}); return mine; };
  const { make, sent, state, store } = world({ person: away() });
  const one = make(lock), two = make(lock);
  await (await one.send(tag('1'))).done;
  await (await two.send(tag('2'))).done;
  state.person = 'a';
  await Promise.all([one.wake(), two.wake(), one.drain(), two.drain()]);
  assert.deepEqual(sent.map(s => s[1]).sort(), ['1', '2']);
  assert.equal((await store.all()).length, 0);
});

test('an answer that was lost on the way leads to the same id again, never to another', async () => {
  const { queue, sent, state } = world();
  let first = true;
  state.answer = row => { if (first) { first = false; return away(); } return { ...row.body, revision: 1 }; };
  await (await queue.send(tag('1'))).done;
  await queue.wake();
  assert.deepEqual(sent.map(s => s[1]), ['1', '1']);
  assert.equal(queue.waiting(), 0);
});

test('of one id everything goes in the order it was made', async () => {
  const { queue, sent, state } = world({ person: away() });
  await (await queue.send(tag('1'))).done;
  await (await queue.send({ kind: 'event', id: '1', method: 'PUT', path: '/events/1', person: 'a', body: { revision: 1, made_at_ns: '2000', distress: 4 } })).done;
  await (await queue.send({ kind: 'event', id: '1', method: 'DELETE', path: '/events/1', person: 'a', query: { revision: 1 }, made_at_ns: '3000' })).done;
  state.person = 'a';
  state.answer = row => (row.method === 'POST' ? { revision: 1 } : row.method === 'PUT' ? { revision: 2 } : null);
  await queue.wake();
  assert.deepEqual(sent.map(s => s[0]), ['POST', 'PUT', 'DELETE']);
  assert.deepEqual(sent[2][3], { revision: 2 }, 'the deletion goes on from what the edit became');
});

test('what is refused is parked with its reason, keeps what follows on its id, and lets others pass', async () => {
  const { queue, sent, state } = world({ person: away() });
  await (await queue.send(tag('1'))).done;
  await (await queue.send({ kind: 'event', id: '1', method: 'PUT', path: '/events/1', person: 'a', body: { revision: 1, made_at_ns: '2000', distress: 4 } })).done;
  await (await queue.send(tag('2'))).done;
  state.person = 'a';
  state.answer = row => (row.id === '1' ? said(400, { what: 'too long' }) : { revision: 1 });
  await queue.wake();
  assert.deepEqual(sent.map(s => s[1]), ['1', '2']);
  assert.deepEqual(queue.parked().map(row => [row.id, row.parked.what]), [['1', 'too long']]);
  assert.equal(queue.waiting(), 1);
  state.answer = () => ({ revision: 1 });
  await queue.retry(queue.parked()[0].seq);
  await queue.drain();
  assert.deepEqual([queue.parked().length, queue.waiting()], [0, 0]);
});

for (const status of [401, 429, 500, 503]) {
  test(`a ${status} is no refusal: it waits`, async () => {
    const { queue, state } = world();
    state.answer = () => said(status);
    const { done } = await queue.send(tag('1'));
    assert.equal((await done).state, 'kept');
    assert.deepEqual([queue.waiting(), queue.parked().length], [1, 0]);
  });
}

test('of two edits of one field the later one stands; the earlier gives way without a word', async () => {
  for (const [made, stands] of [['3000', 'mine'], ['1500', 'theirs']]) {
    const { queue, sent, state } = world();
    const current = { id: '1', revision: 4, made_at_ns: '2000', distress: 8, note: '' };
    let once = true;
    state.answer = () => { if (once) { once = false; return said(409, { current }); } return { ...current, revision: 5 }; };
    const { done } = await queue.send({ kind: 'event', id: '1', method: 'PUT', path: '/events/1', person: 'a', body: { revision: 3, made_at_ns: made, distress: 2 }, base: { distress: 5 } });
    assert.equal((await done).state, 'sent');
    assert.equal(queue.parked().length, 0);
    if (stands === 'mine') assert.deepEqual(sent[1][2], { distress: 2, revision: 4, made_at_ns: '3000' });
    else assert.equal(sent.length, 1);
  }
});

test('another person on this device: rows are never sent under their name', async () => {
  const { queue, sent, state } = world({ person: away() });
  await (await queue.send(tag('1'))).done;
  state.person = 'b';
  await queue.wake();
  assert.equal(sent.length, 0);
  state.person = 'a';
  await queue.wake();
  assert.equal(sent.length, 1);
});

test('taken back before it was ever tried, nothing is sent; once tried, it has to be deleted there', async () => {
  const { queue, sent, state } = world({ person: away() });
  await (await queue.send(tag('1'))).done;
  assert.equal(await queue.withdraw('1'), true);
  state.person = 'a';
  state.answer = away;
  await (await queue.send(tag('2'))).done;
  assert.equal(await queue.withdraw('2'), false);
  assert.deepEqual(sent.map(s => s[1]), ['2']);
});

test('deleting what is gone already is done; so is sending what was taken back elsewhere', async () => {
  const { queue, state } = world();
  state.answer = () => said(404, { what: 'no such tag' });
  await (await queue.send({ kind: 'event', id: '1', method: 'DELETE', path: '/events/1', person: 'a', query: { revision: 1 } })).done;
  await (await queue.send(tag('2'))).done;
  assert.deepEqual([queue.waiting(), queue.parked().length], [0, 0]);
});

test('a store that fails in the middle of drawn lots loses and doubles nothing', async () => {
  let seed = 7;
  const lot = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (let round = 0; round < 60; round++) {
    const { queue, state } = world(), there = new Map();
    state.answer = row => {
      if (lot() < .3) return away();                                           // never arrived
      if (!there.has(row.id)) there.set(row.id, 0);
      there.set(row.id, there.get(row.id) + 1);
      return lot() < .3 ? away() : { revision: 1 };                             // arrived, the answer was lost
    };
    for (let i = 0; i < 8; i++) { state.person = lot() < .3 ? away() : 'a'; await queue.send(tag(String(i))); if (lot() < .5) await queue.drain(); }
    state.person = 'a';
    for (let i = 0; i < 200 && queue.waiting(); i++) await queue.wake();
    assert.equal(queue.waiting(), 0);
    assert.deepEqual([...there.keys()].sort(), ['0', '1', '2', '3', '4', '5', '6', '7']);
  }
});

/* A browser's database as small as the store needs it: `open()` counts connections; `broken` says what a connection does. */
function database() {
  const rows = new Map(), state = { connections: 0, broken: () => false, opens: true };
  let seq = 0;
  const table = {
    add: row => ({ result: (rows.set(++seq, { ...row, seq }), seq) }), put: row => ({ result: (rows.set(row.seq, row), row.seq) }),
    delete: key => ({ result: void rows.delete(key) }), getAll: () => ({ result: [...rows.values()] }),
  };
  const open = () => {
    if (!state.opens) throw new Error('no database');
    const connection = ++state.connections, asked = { result: { transaction() {
      if (state.broken(connection)) throw new Error('the connection is lost');
      const doing = { objectStore: () => table };
      queueMicrotask(() => doing.oncomplete());
      return doing;
    } } };
    queueMicrotask(() => asked.onsuccess());
    return asked;
  };
  return { rows, state, store: browserStore('n', 't', () => ({ open })) };
}

test('a connection that has dropped is made anew, and nothing is lost', async () => {
  const { rows, state, store } = database();
  await store.add(tag('1'));
  state.broken = connection => connection === 1;
  await Promise.all([store.add(tag('2')), store.all()]);
  assert.deepEqual([state.connections, rows.size, store.lasting], [2, 2, true]);
});

test('when that does not help, rows go on in memory, and it is said', async () => {
  const { rows, state, store } = database();
  await store.add({ ...tag('1'), tries: 0 });
  await store.all();
  state.broken = () => true;
  const seq = await store.add({ ...tag('2'), tries: 0 });
  assert.deepEqual([store.lasting, rows.size, seq], [false, 1, 2]);
  assert.deepEqual((await store.all()).map(row => [row.id, row.seq, row.tries]), [['1', 1, 1], ['2', 2, 0]], 'the first may be known from the database: not to be taken back unsaid');
  await store.remove(1);
  state.broken = () => false;
  assert.deepEqual((await store.all()).map(row => row.id), ['2']);
});

test('where there is no database the queue works in memory', async () => {
  const { state, store } = database();
  state.opens = false;
  const sent = [], queue = createQueue({ store, timer: clock().timer, whose: async () => 'a', transport: async row => { sent.push(row.id); return row.body; } });
  assert.equal((await (await queue.send(tag('1'))).done).state, 'sent');
  assert.deepEqual([sent, store.lasting], [['1'], false]);
});

test('what could not be kept is refused aloud, so that the page can say so', async () => {
  const { queue, store } = world();
  store.add = async () => { throw new Error('full'); };
  await assert.rejects(queue.send(tag('1')), /full/);
});
