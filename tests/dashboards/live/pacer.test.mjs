/* Run by `node --test`, from test_pacer_js.py. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as p from '../../../dashboards/live/static/js/pacer.js';

const START = 1_234_567.8;
const near = (a, b, by = 1e-6) => assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`);

test('a chest is empty at the start of every breath, and full when breathing in ends', () => {
  for (const rate of [...p.RATES, p.ENTRY_RATE]) for (const ratio of p.RATIOS) {
    const pace = p.pacer({ rate, ratio, minutes: 20, startedMs: START });
    for (let k = 0; k < pace.breaths; k++) {
      near(p.lung(pace, START + k * pace.cycleMs), 0, 1e-6);
      near(p.lung(pace, START + k * pace.cycleMs + pace.inMs), 1, 1e-6);
    }
  }
});

test('after twenty minutes of frames that come when they like, the pacer is where one origin says, to a thousandth of a second', () => {
  const pace = p.pacer({ rate: 6, minutes: 20, startedMs: START });
  let now = START, seed = 7, seen = 0, last = 'out';
  const dice = () => (seed = seed * 16807 % 2147483647) / 2147483647;
  const begun = [];
  while (now < pace.endMs) {
    const where = p.at(pace, now);
    if (where.half === 'in' && last === 'out') { begun.push(now - START); seen++; }
    last = where.half;
    now += 16.7 + (dice() < .01 ? 400 * dice() : 2 * dice());                       // frames, and a tab that stalls now and then
  }
  assert.equal(seen, 120);
  begun.forEach((at, k) => { assert.ok(at - k * 10_000 >= 0 && at - k * 10_000 < 420, `breath ${k} began ${at - k * 10_000} ms late`); });
  near(p.at(pace, START + 119 * 10_000 + 2_000).lung, .5, 1e-3);
});

test('what is heard and felt begins exactly where the breath does, however it is asked for', () => {
  const pace = p.pacer({ rate: 5.5, ratio: 30, minutes: 20, startedMs: START });
  const whole = p.halves(pace, START, pace.endMs), parts = [];
  for (let from = START; from < pace.endMs; from += 250) parts.push(...p.halves(pace, from, from + 250));
  assert.equal(whole.length, 2 * pace.breaths);
  assert.deepEqual(parts.map(x => x.half), whole.map(x => x.half));
  whole.forEach((half, i) => near(half.atMs, START + Math.floor(i / 2) * pace.cycleMs + (i % 2 ? pace.inMs : 0), 1e-6));
  whole.forEach((half, i) => near(parts[i].atMs, half.atMs));
});

test('it ends with a whole breath, as near to the minutes as there is', () => {
  for (const rate of p.RATES) for (let minutes = 1; minutes <= 20; minutes++) {
    const pace = p.pacer({ rate, minutes, startedMs: 0 });
    assert.ok(Math.abs(pace.lengthMs - minutes * 60_000) <= pace.cycleMs / 2 + 1e-6);
    assert.equal(p.breathed(pace, pace.endMs), pace.breaths);
    assert.equal(p.at(pace, pace.endMs).over, true);
    assert.equal(p.at(pace, pace.endMs - 1).over, false);
  }
});

test('before the start there is no breath yet', () => {
  const pace = p.pacer({ startedMs: 5_000 });
  assert.equal(p.at(pace, 4_000).half, 'before');
  assert.equal(p.breathed(pace, 4_000), 0);
});

test('steps for who wants no movement run through the ring once a breath', () => {
  for (const rate of p.RATES) for (const ratio of p.RATIOS) {
    const pace = p.pacer({ rate, ratio }), { ins, outs } = p.steps(pace), seen = new Set();
    for (let t = 0; t < pace.cycleMs; t += 20) seen.add(p.at(pace, t).ring);
    assert.deepEqual([...seen], [...Array(ins + outs).keys()].map(k => k + 1));
  }
});

test('what is left is said in minutes and never counted down', () => {
  assert.deepEqual([180_000, 61_000, 60_000, 16_000, 15_000, 0].map(left => p.leftWords(left).key), ['left', 'left', 'last_minute', 'last_minute', 'last_breaths', 'last_breaths']);
  assert.equal(p.leftWords(61_000).n, 2);
});

test('beats of a replay stand on this clock, in their own distances', () => {
  const line = p.beatLine(), then = 946_684_800_000;
  for (let k = 1; k <= 30; k++) line.add({ t_ms: then + k * 900, rr_ms: [900] }, 1_000 + k * 900 + (k % 5) * 180);
  const points = line.points();
  assert.equal(points.length, 30);
  near(points.at(-1).t - points[0].t, 29 * 900);
  near(points.at(-1).t, 1_000 + 30 * 900 - 450);
  near(points[3].bpm, 60_000 / 900);
  assert.ok(points.slice(1).every(x => x.joined));
});

test('a beat that never came leaves a break, and a notification told twice is drawn once', () => {
  const line = p.beatLine();
  line.add({ t_ms: 2_000, rr_ms: [1_000, 1_000] }, 2_100);
  line.add({ t_ms: 2_000, rr_ms: [1_000] }, 2_200);
  line.add({ t_ms: 5_000, rr_ms: [1_000] }, 5_100);
  assert.deepEqual(line.points().map(x => x.joined), [false, true, false]);
});

test('a clock that jumps begins the line anew', () => {
  const line = p.beatLine();
  line.add({ t_ms: 1_000, rr_ms: [900] }, 1_000);
  line.add({ t_ms: 9_000_000, rr_ms: [900] }, 2_000);
  assert.equal(line.length, 1);
});

test('a slow breath is said to the half, as paces are chosen, and another whole', () => {
  assert.deepEqual([4.5, 5.6, 5.8, 6.1, 7.9, 8.4, 8.5, 13.6].map(p.nearly), [4.5, 5.5, 6, 6, 8, 8, 9, 14]);
});
