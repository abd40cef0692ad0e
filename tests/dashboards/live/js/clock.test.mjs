/* The wearer's clock across a change of it: Berlin, 25 October 2026, 03:00 summer time becomes 02:00. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { now } from '../../../../dashboards/live/static/js/api.js';
import { dayFrom, dayTo } from '../../../../dashboards/live/static/js/choosing.js';
import { localAt } from '../../../../dashboards/live/static/js/tags.js';
import { clock, daysOn, fromLocal, local, useOffset } from '../../../../dashboards/live/static/js/texts.js';

const CHANGE = Date.UTC(2026, 9, 25, 1), HOUR = 3_600_000;
const berlin = () => useOffset(3600, [[Date.UTC(2026, 2, 29, 1), 7200], [CHANGE, 3600]]);

test('each moment is read by the offset of its own time; the first holds before', () => {
  berlin();
  assert.deepEqual([clock(Date.UTC(2026, 9, 24, 10)), clock(Date.UTC(2026, 9, 25, 10)), clock(Date.UTC(2026, 0, 1, 10))], ['12:00', '11:00', '12:00']);
});

test('without a list the one offset holds always', () => {
  for (const none of [undefined, []]) { useOffset(7200, none); assert.equal(clock(Date.UTC(2026, 11, 1, 10)), '12:00'); }
});

test('a day is as long as its clock says, and back again', () => {
  berlin();
  const four = Date.UTC(2026, 9, 24, 2);
  assert.equal(daysOn(four, 1) - four, 25 * HOUR);
  assert.equal(daysOn(daysOn(four, 1), -1), four);
  assert.equal(fromLocal(local(CHANGE + 5 * HOUR)), CHANGE + 5 * HOUR);
});

test('an hour of the day of the change is taken at that hour’s own offset', () => {
  berlin();
  assert.equal(localAt(Date.UTC(2026, 9, 25, 10), 0, 30), Date.UTC(2026, 9, 24, 22, 30));
});

test('the rest of today ends where the wearer’s day does', () => {
  const from = Math.floor(now() / HOUR) * HOUR - 26 * HOUR, app = { status: { day_from_ms: from } };
  useOffset(0, [[0, 7200], [from + 10 * HOUR, 3600]]);
  assert.deepEqual([dayFrom(app) - from, dayTo(app) - from], [25 * HOUR, 49 * HOUR]);
});
