import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blindAt, eyes, meter, stillBlind, tagFirst } from '../../../../dashboards/live/static/js/blind.js';

const storage = () => { const kept = new Map(); return { getItem: key => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) }; };
const MIN = 60_000;

test('a tag is blind when nothing was on the screen since its moment', () => {
  assert.equal(blindAt(100 * MIN, null), true);
  assert.equal(blindAt(100 * MIN, 80 * MIN), true);
  assert.equal(blindAt(100 * MIN, 100 * MIN), false);
  assert.equal(blindAt(60 * MIN, 80 * MIN), false, 'the chart was seen after the moment, before the tag');
});

test('moving the moment never makes a tag blind, and unmakes it when that moment had been seen', () => {
  assert.equal(stillBlind(false, 100 * MIN, 10 * MIN), false);
  assert.equal(stillBlind(true, 100 * MIN, 10 * MIN), true);
  assert.equal(stillBlind(true, 5 * MIN, 10 * MIN), false);
});

test('the kinds come first after ten minutes away, not on the very first visit', () => {
  assert.equal(tagFirst(100 * MIN, null), false);
  assert.equal(tagFirst(100 * MIN, 91 * MIN), false);
  assert.equal(tagFirst(100 * MIN, 90 * MIN), true);
});

test('what was seen is of one person on this device, and survives a reload', () => {
  const kept = storage();
  eyes('a', kept).saw(5);
  assert.equal(eyes('a', kept).seen_ms, 5);
  assert.equal(eyes('b', kept).seen_ms, null);
});

test('a browser that keeps nothing counts nothing as seen and does not fall over', () => {
  const broken = { getItem() { throw new Error(); }, setItem() { throw new Error(); } };
  const look = eyes('a', broken);
  look.saw(5);
  assert.equal(look.seen_ms, null);
  assert.equal(meter('a', broken).tick('d', 5), 5);
});

test('looking is counted by the day, and its end is told once', () => {
  const kept = storage(), looks = meter('a', kept);
  looks.tick('mon', 5);
  assert.equal(looks.tick('mon', 5), 10);
  assert.equal(looks.seconds('tue'), 0);
  assert.deepEqual([looks.tell('mon'), looks.tell('mon'), looks.tell('tue')], [true, false, true]);
});
