import assert from 'node:assert/strict';
import { test } from 'node:test';
import { level, tone } from '../../../../dashboards/live/static/js/kit.js';
import { append, at, drawn, gates, leftOut, runs, since, stateOfNow, steady, worn } from '../../../../dashboards/live/static/js/points.js';

const MIN = 60_000, p = (m, more = {}) => ({ t: m * MIN, z: 0, se: .2, gate: 'still', ok: true, hr: 70, ...more });

test('z in words: below, about, a little above, above, well above; unsure takes the word nearer to usual', () => {
  assert.deepEqual([-2, -1, 0, 1, 2, 3].map(z => level(z)), ['below', 'usual', 'usual', 'little', 'above', 'well']);
  assert.equal(level(1.2, .3), 'usual');
  assert.equal(level(-1.2, .3), 'usual');
  assert.equal(level(3.2, .3), 'above');
  assert.deepEqual([-1.5, 0, 1, 3].map(tone), ['below', 'usual', 'above', 'well']);
});

test('a missing point breaks band and line; nothing is joined over it', () => {
  const all = [p(0), p(1), p(2), p(5), p(6)];
  assert.deepEqual(worn(all, MIN), [[0, 2 * MIN], [5 * MIN, 6 * MIN]]);
  assert.deepEqual(runs(all, MIN).map(r => r.points.map(q => q.t / MIN)), [[0, 1, 2], [5, 6]]);
});

test('a value that is not known breaks the line too', () => {
  assert.deepEqual(runs([p(0), p(1, { z: null }), p(2)], MIN).map(r => r.points.length), [1, 1]);
});

test('runs of another kind begin where the last one ended', () => {
  const found = runs([p(0), p(1), p(2, { gate: 'moving' }), p(3, { ok: false })], MIN);
  assert.deepEqual(found.map(r => [r.how, r.points.map(q => q.t / MIN)]), [['ok', [0, 1]], ['gated', [1, 2]], ['weak', [2, 3]]]);
});

test('movement that is not known is labelled, not greyed', () => {
  assert.equal(drawn(p(0, { gate: 'unknown' })), 'ok');
  assert.deepEqual(gates([p(0, { gate: 'unknown' }), p(1, { gate: 'moving' }), p(2, { gate: 'moving' })], MIN), [{ gate: 'moving', from: MIN, to: 3 * MIN }]);
});

test('what is left out is counted in minutes', () => {
  const all = [p(0), p(1, { gate: 'moving' }), p(2, { gate: 'recovery', ok: false }), p(3, { ok: false })];
  assert.deepEqual(leftOut(all, [[4 * MIN, 33 * MIN]], MIN), { moving: 1, recovery: 1, weak: 1, gap: 29 });
});

test('the point at a moment, or none in a gap', () => {
  const all = [p(0), p(1), p(10)];
  assert.equal(at(all, 1.4 * MIN, MIN).t, MIN);
  assert.equal(at(all, 5 * MIN, MIN), null);
  assert.equal(at([], 0, MIN), null);
});

test('live points keep a day at a point a minute, the newest always there', () => {
  const all = [p(0)];
  for (let s = 5; s <= 180; s += 5) append(all, p(s / 60), MIN);
  assert.equal(all.at(-1).t, 3 * MIN);
  assert.ok(all.length <= 5);
  assert.ok(worn(all, MIN).length === 1);
  append(all, p(1), MIN);
  assert.equal(all.at(-1).t, 3 * MIN, 'never back in time');
});

test('which state now is in', () => {
  const full = { maturity: 'full' }, device = { state: 'streaming' }, is = more => stateOfNow({ stage: full, device, last: p(10), now_ms: 10 * MIN, away: false, ...more });
  assert.equal(is({}), 'level');
  assert.equal(is({ away: true }), 'away');
  assert.equal(is({ last: null, device: null }), 'nodevice');
  assert.equal(is({ last: null }), 'nosignal');
  assert.equal(is({ now_ms: 13 * MIN }), 'nosignal');
  assert.equal(is({ now_ms: 10.5 * MIN, device: { state: 'lost' } }), 'nosignal');
  assert.equal(is({ stage: { maturity: 'learning' } }), 'learning');
  assert.equal(is({ stage: { maturity: 'within_recording' } }), 'level');
  for (const gate of ['moving', 'recovery', 'posture']) assert.equal(is({ last: p(10, { gate }) }), gate);
  assert.equal(is({ last: p(10, { ok: false }) }), 'weak');
  assert.equal(is({ last: p(10, { z: null }) }), 'notyet');
});

test('the word changes when the new one has held, not with every flicker', () => {
  const word = steady(3);
  assert.deepEqual(['usual', 'little', 'usual', 'little', 'little', 'little', 'little'].map(w => word(w)), ['usual', 'usual', 'usual', 'usual', 'usual', 'little', 'little']);
  assert.equal(word('moving', true), 'moving');
});

test('coming down is said only while above, and only after a moment', () => {
  const episodes = [{ kind: 'spike', peak_ms: 0, peak_z: 3 }];
  assert.deepEqual(since([], episodes, p(17, { z: 1.4 }), 'little'), { key: 'down', n: 17 });
  assert.equal(since([], episodes, p(17, { z: 0 }), 'usual'), null);
  assert.equal(since([], episodes, p(17, { z: 2.9 }), 'above'), null);
  assert.deepEqual(since(Array.from({ length: 90 }, (_, m) => p(m)), [], p(90), 'usual'), { key: 'mostly' });
});
