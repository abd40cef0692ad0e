/* What the page itself does: one view at a time, little remembered, echoes of a tap, a stream that lets go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stream } from '../../../../dashboards/live/static/js/api.js';
import { forget, remember, remembered } from '../../../../dashboards/live/static/js/remembered.js';
import { ECHO_MS, echo, saved, unlessEcho } from '../../../../dashboards/live/static/js/taps.js';
import { turns } from '../../../../dashboards/live/static/js/turns.js';

const storage = () => { const kept = new Map(); return { kept, getItem: key => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: key => kept.delete(key) }; };

test('a view that comes late is ended at once, and the one that is on keeps its end', () => {
  const { begin } = turns(), said = [];
  const now = begin(), breathe = begin();
  breathe.keep(() => said.push('breathe'));
  now.keep(() => said.push('now'));
  assert.deepEqual([now.stale(), breathe.stale(), said], [true, false, ['now']]);
  begin().keep();
  begin();
  assert.deepEqual(said, ['now', 'breathe']);
});

test('of the choices only what the page is drawn by is remembered', () => {
  const kept = storage(), drawnBy = { language: 'de', theme: 'dark', introduced: 'yes', hide_heart_rate: 'no', view_limit_min: '15', breath_rate: '6', breath_min: '3', prompt_cap: '2', consent_notes: 'yes' };
  remember({ status: { person: 'a', display_name: 'Ada', tz: 'UTC', offset_s: 0, device: { name: 'H10' } }, choices: { ...drawnBy, own_list: 'call Ben', pacemaker: 'yes', beta_blocker: 'yes', consent_clinician: 'yes' } }, kept);
  assert.deepEqual(remembered(kept), { status: { person: 'a', display_name: 'Ada', tz: 'UTC', offset_s: 0 }, choices: drawnBy });
  assert.doesNotMatch([...kept.kept.values()].join(), /Ben|pacemaker|beta|clinician|H10/);
  forget(kept);
  assert.equal(remembered(kept), null);
});

test('what was remembered before this was so is read without the rest', () => {
  const kept = storage();
  kept.setItem('somalink.page', JSON.stringify({ status: { person: 'a' }, choices: { theme: 'dark', own_list: 'call Ben' } }));
  assert.deepEqual(remembered(kept).choices, { theme: 'dark' });
  kept.setItem('somalink.page', '{');
  assert.equal(remembered(kept), null);
});

test('a tap at once after one that saved is its echo, a later one is meant', () => {
  let taps = 0;
  const tap = unlessEcho(() => { taps++; saved(1000); });
  for (const timeStamp of [500, 900, 1000, 1000 + ECHO_MS - 1]) tap({ timeStamp });
  assert.equal(taps, 1);
  tap({ timeStamp: 1000 + ECHO_MS });
  assert.deepEqual([taps, echo(1001)], [2, true]);
});

test('a stream that was let go of is taken up again as after a loss, once', () => {
  const made = [], said = [];
  globalThis.EventSource = class { static CLOSED = 2; readyState = 1; constructor() { made.push(this); } addEventListener() {} close() { this.readyState = 2; } };
  const followed = stream(name => said.push(name));
  made[0].onopen();
  followed.resume();
  followed.pause();
  assert.deepEqual([made.length, made[0].readyState, said], [1, 2, ['open']]);
  followed.resume(); followed.resume();
  made[1].onopen();
  assert.deepEqual([made.length, said], [2, ['open', 'lost', 'open']]);
});
