import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changes, mergeEdit, mergeRow, mostUsed, overlay } from '../../../../dashboards/live/static/js/merge.js';

const current = { id: '1', revision: 4, made_at_ns: '2000', distress: 8, belonging: null, sensations: ['heat'], note: '' };

test('fields nobody else touched are kept, whoever was later', () => {
  const mine = { revision: 3, made_at_ns: '1000', belonging: 2 };
  assert.deepEqual(mergeEdit(mine, { belonging: null }, current), { belonging: 2, revision: 4, made_at_ns: '1000' });
});

test('a field both touched goes to the later one, the others stay mine', () => {
  const base = { distress: 5, belonging: null };
  assert.deepEqual(mergeEdit({ revision: 3, made_at_ns: '1000', distress: 1, belonging: 2 }, base, current), { belonging: 2, revision: 4, made_at_ns: '1000' });
  assert.deepEqual(mergeEdit({ revision: 3, made_at_ns: '9000', distress: 1, belonging: 2 }, base, current), { distress: 1, belonging: 2, revision: 4, made_at_ns: '9000' });
});

test('later is a matter of whole numbers, not of text', () => {
  assert.equal(mergeEdit({ revision: 3, made_at_ns: '900', distress: 1 }, { distress: 5 }, current), null);
});

test('what is so already is not said again', () => {
  assert.equal(mergeEdit({ revision: 3, made_at_ns: '9000', distress: 8, sensations: ['heat'] }, {}, current), null);
});

test('a deletion after the other edit stands, before it gives way', () => {
  const row = { method: 'DELETE', made_at_ns: '3000', query: { revision: 1 } };
  assert.deepEqual(mergeRow(row, current).query, { revision: 4 });
  assert.equal(mergeRow({ ...row, made_at_ns: '1000' }, current), null);
});

test('only what differs is an edit: unset, empty and missing are one', () => {
  assert.deepEqual(changes({ distress: null, sensations: [], note: '', action: 'left' }, { distress: undefined, sensations: [], note: '', action: '', belonging: 3 }), { action: '', belonging: 3 });
});

test('what waits is laid over what the server knows', () => {
  const events = [{ id: '1', t_ns: '10', kind: 'group', distress: null }, { id: '2', t_ns: '30', kind: 'conflict' }];
  const rows = [{ kind: 'event', id: '3', method: 'POST', body: { id: '3', t_ns: '20', kind: 'support' } }, { kind: 'event', id: '1', method: 'PUT', body: { revision: 1, made_at_ns: '99', distress: 6 } },
    { kind: 'event', id: '2', method: 'DELETE' }, { kind: 'rating', id: '4', method: 'POST', body: { id: '4', value: 3 } }];
  assert.deepEqual(overlay(events, rows).map(e => [e.id, e.distress ?? null, Boolean(e.waiting)]), [['3', null, true], ['1', 6, true]]);
  assert.equal(overlay([], [{ kind: 'event', id: '5', method: 'POST', parked: { what: 'x' }, body: { id: '5', t_ns: '1', kind: 'other' } }])[0].parked.parked.what, 'x');
});

test('the four used most, the usual order where nothing decides', () => {
  const usual = ['conflict', 'criticism', 'ignored', 'connection', 'group'];
  assert.deepEqual(mostUsed([], usual), usual.slice(0, 4));
  assert.deepEqual(mostUsed([{ kind: 'group' }, { kind: 'group' }, { kind: 'ignored' }], usual), ['group', 'ignored', 'conflict', 'criticism']);
});

test('what this device could not keep stands in the list as that', () => {
  const [event] = overlay([], [{ kind: 'event', id: '1', method: 'POST', unkept: true, body: { id: '1', kind: 'conflict', t_ns: '5' } }]);
  assert.deepEqual([event.unkept, event.waiting], [true, undefined]);
});
