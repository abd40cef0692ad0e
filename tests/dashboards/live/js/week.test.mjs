import assert from 'node:assert/strict';
import { test } from 'node:test';
import { given } from '../../../../dashboards/live/static/js/line.js';
import { localAt, partOf, whenWords } from '../../../../dashboards/live/static/js/tags.js';
import { useOffset } from '../../../../dashboards/live/static/js/texts.js';
import { apart, byWeek, hoursOf, isWeeksEnd, mondayOf, weekWords } from '../../../../dashboards/live/static/js/week.js';

const HOUR = 3_600_000;

test('a week begins on Monday and ends on Sunday, in days of the wearer', () => {
  assert.equal(mondayOf('2026-11-29'), '2026-11-23');
  assert.equal(mondayOf('2026-11-23'), '2026-11-23');
  assert.equal(isWeeksEnd('2026-11-29'), true);
  assert.equal(isWeeksEnd('2026-11-28'), false);
  assert.deepEqual(byWeek([{ day: '2026-11-22' }, { day: '2026-11-23' }, { day: '2026-11-29' }]).map(([monday, days]) => [monday, days.length]), [['2026-11-23', 2], ['2026-11-16', 1]]);
});

test('rows share their hours, and none is cut off', () => {
  const day = (from_ms, first_h, n) => ({ from_ms, z_from_ms: from_ms + first_h * HOUR, z: Array(n).fill(0), tags: [] });
  const [from, to] = hoursOf([day(0, 3.2, 15), day(24 * HOUR, 5, 150)]);
  assert.deepEqual([from, to], [3 * HOUR, 15 * HOUR]);
});

test('no tag is left out: those that would overlap are shifted, within the row', () => {
  assert.deepEqual(apart([10, 100], 200), [10, 100]);
  assert.deepEqual(apart([10, 12, 100], 200), [10, 26, 100]);
  assert.deepEqual(apart([-8, 195, 199], 200), [0, 184, 200]);
  assert.deepEqual(apart([5, 5, 5, 5, 5], 40), [0, 10, 20, 30, 40]);
  assert.deepEqual(apart([], 40), []);
});

test('how much chance would show is said in words once it is more than a third', () => {
  const said = (moments, chance) => weekWords([{ worn_h: 10, moments }], chance).split(' ').at(-1);
  assert.equal(said(41, 10), 'week.sum_chance');
  assert.equal(said(49, 18), 'week.sum_chance_third');
  assert.equal(said(41, 21), 'week.sum_chance_half');
  assert.equal(said(41, 35), 'week.sum_chance_most');
  assert.equal(said(2, 1), 'week.sum_chance');
  assert.equal(said(2, .4), 'week.sum_few');
});

test('the newest number of each kind counts, waiting ones too, and what a prompt asked does not', () => {
  const ratings = [{ kind: 'belonging', value: 3, t_ns: '5000000' }, { kind: 'belonging', value: 6, t_ns: '7000000' }, { kind: 'comfort', value: 1, t_ns: '7000000', prompt_id: 'x' }, { kind: 'contacts', value: 9, t_ns: '1000000' }];
  const rows = [{ kind: 'rating', body: { kind: 'reached_out', value: 1, t_ns: '8000000' } }, { kind: 'event', body: {} }];
  assert.deepEqual(given(ratings, rows, 4), { belonging: 6, reached_out: 1 });
});

test('hours and parts of the day are the wearer’s own, wherever the page is read', () => {
  useOffset(9 * 3600);
  const at = Date.UTC(2026, 10, 26, 23, 30);                         // 08:30 on the 27th there
  assert.equal(partOf(at), 'morning');
  assert.equal(new Date(localAt(at, 14, 5)).toISOString(), '2026-11-27T05:05:00.000Z');
  assert.equal(whenWords({ t_ns: `${at}000000`, certainty_s: 10800 }), 'tags.part.morning');
  assert.match(whenWords({ t_ns: `${at}000000`, certainty_s: 300 }), /^08:30/);
  useOffset(0);
});
