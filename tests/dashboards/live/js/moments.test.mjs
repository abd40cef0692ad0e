import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saidOf, unjudged } from '../../../../dashboards/live/static/js/moments.js';

const MINUTE = 60_000, point = (minute, gate = 'still', ok = true) => ({ t: minute * MINUTE, z: 2, se: .3, gate, ok });

test('a moment of which more than half is only drawn says so', () => {
  const e = { start_ms: 0, stop_ms: 3 * MINUTE };
  assert.equal(unjudged(e, [point(0, 'moving'), point(1, 'recovery'), point(2, 'still', false), point(3)], 9 * MINUTE), true);
  assert.equal(unjudged(e, [point(0, 'moving'), point(1, 'moving'), point(2), point(3), point(4, 'moving')], 9 * MINUTE), false);
  assert.equal(unjudged(e, [], 9 * MINUTE), false);
});

test('the newest answer counts: of this page, of what waits, of the server, of this device; a tag before a word', () => {
  const e = { id: 'a', said: 'nothing' }, none = { told: new Map(), kept: {}, rows: [], isTag: id => id === 'tag' };
  assert.equal(saidOf({ id: 'a' }, none), null);
  assert.equal(saidOf({ id: 'a' }, { ...none, kept: { a: 'moving' } }), 'moving');
  assert.equal(saidOf(e, { ...none, kept: { a: 'moving' } }), 'nothing');
  assert.equal(saidOf(e, { ...none, rows: [{ kind: 'answers', body: { episode_id: 'a', answer: 'unknown' } }, { kind: 'answers', body: { prompt_id: 'p', answer: 'shown' } }] }), 'unknown');
  assert.equal(saidOf(e, { ...none, kept: { a: 'tag' } }), 'tag');
  assert.equal(saidOf(e, { ...none, told: new Map([['a', null]]) }), null);
});
