/* Grid points of a day as the page handles them, without a browser: which stretches hang together, what is left out, what a moment reads as.
   A point: { t (ms), z, se, gate, ok, hr }. What is missing was not recorded: nothing is joined over it. */
import { level } from './kit.js';

export const MINUTE = 60_000;
/** Gates under which heart rate is not read against the usual; `unknown` is labelled, not one of them. */
export const MOVED = ['moving', 'recovery', 'posture'];

/** The points of an answer; one with neither heart rate nor level is no point: nothing was heard then. */
export const points = answer => answer.t_ms.map((t, i) => ({ t, z: answer.z[i], se: answer.se[i], gate: answer.gate[i], ok: answer.ok[i], hr: answer.hr[i] })).filter(p => p.z !== null || p.hr !== null);

/** How a point is drawn: `ok`, `gated` and `weak` (drawn, not judged), `none` (nothing known). */
export const drawn = p => p.z === null || p.z === undefined ? 'none' : MOVED.includes(p.gate) ? 'gated' : p.ok ? 'ok' : 'weak';

/** Stretches of recorded points: [from, to] in ms, broken wherever one is missing. */
export function worn(all, step_ms) {
  const found = [];
  for (const { t } of all) {
    const last = found.at(-1);
    if (last && t - last[1] <= 1.5 * step_ms) last[1] = t; else found.push([t, t]);
  }
  return found;
}

/** Runs of points drawn alike. A run begins with the last point of the one before, unless something is missing between them. */
export function runs(all, step_ms) {
  const found = [];
  let last = null;
  for (const p of all) {
    const how = drawn(p);
    if (how !== 'none') {
      const joined = last && drawn(last) !== 'none' && p.t - last.t <= 1.5 * step_ms;
      if (joined && found.at(-1).how === how) found.at(-1).points.push(p);
      else found.push({ how, points: joined ? [last, p] : [p] });
    }
    last = p;
  }
  return found;
}

/** Stretches under one gate: { gate, from, to }. */
export function gates(all, step_ms) {
  const found = [];
  for (const { t, gate } of all) {
    const last = found.at(-1);
    if (last && last.gate === gate && t - last.to <= 1.5 * step_ms) last.to = t; else found.push({ gate, from: t, to: t });
  }
  return found.filter(each => each.gate === 'light' || MOVED.includes(each.gate)).map(each => ({ ...each, to: each.to + step_ms }));
}

/** Minutes not judged, by why: moving, recovery, posture, weak, gap. */
export function leftOut(all, gaps, step_ms) {
  const minutes = { moving: 0, recovery: 0, posture: 0, weak: 0, gap: 0 };
  for (const p of all) { const why = MOVED.includes(p.gate) ? p.gate : drawn(p) === 'weak' ? 'weak' : null; if (why) minutes[why] += step_ms / MINUTE; }
  for (const [from, to] of gaps) minutes.gap += (to - from) / MINUTE;
  return Object.fromEntries(Object.entries(minutes).map(([why, n]) => [why, Math.round(n)]).filter(([, n]) => n > 0));
}

/** The recorded point at a moment, or null. */
export function at(all, ms, step_ms) {
  let low = 0, high = all.length - 1;
  while (low < high) { const mid = (low + high) >> 1; if (all[mid].t < ms) low = mid + 1; else high = mid; }
  const near = [all[low - 1], all[low]].filter(Boolean).sort((a, b) => Math.abs(a.t - ms) - Math.abs(b.t - ms))[0];
  return near && Math.abs(near.t - ms) <= step_ms ? near : null;
}

/** A new live point at the end: the last one is replaced until a whole step has passed, so that a day stays a day's worth of points. */
export function append(all, p, step_ms) {
  const last = all.at(-1), before = all.at(-2);
  if (last && p.t < last.t) return all;
  if (last && before && p.t - before.t < step_ms) all[all.length - 1] = p; else if (!last || p.t > last.t) all.push(p);
  return all;
}

/** Which of the states now is in. `stale_ms` after the last point there is no signal. */
export function stateOfNow({ away, stage, device, last, now_ms }) {
  const stale_ms = device && device.state !== 'streaming' ? 20_000 : 120_000;       // a point may be one of a whole minute
  if (away) return 'away';
  if (!last && !device) return 'nodevice';
  if (!last || now_ms - last.t > stale_ms || (last.z === null && last.hr === null)) return 'nosignal';
  if (['none', 'session', 'learning'].includes(stage?.maturity)) return 'learning';
  if (MOVED.includes(last.gate)) return last.gate;
  if (!last.ok) return 'weak';
  return last.z === null ? 'notyet' : 'level';
}

/** The word of now, which changes only when the new one has held for `needed` points: a page that flickers is not calm. */
export function steady(needed = 3) {
  let shown = null, next = null, held = 0;
  return (word, at_once = false) => {
    if (shown === null || at_once) { shown = word; next = null; held = 0; }
    else if (word === shown) { next = null; held = 0; }
    else if (word === next) { if (++held >= needed) { shown = word; next = null; held = 0; } }
    else { next = word; held = 1; }
    return shown;
  };
}

/** What may be added to the word of now: minutes it has been coming down from a moment, or that the day was mostly like this. */
export function since(all, episodes, last, word) {
  const moment = episodes.filter(e => e.kind !== 'slowing' && last.t - e.peak_ms < 90 * MINUTE && last.t > e.peak_ms).sort((a, b) => b.peak_ms - a.peak_ms)[0];
  if (moment && ['little', 'above', 'well'].includes(word) && last.z < moment.peak_z - .3) return { key: 'down', n: Math.round((last.t - moment.peak_ms) / MINUTE) };
  const judged = all.filter(p => drawn(p) === 'ok');
  if (word === 'usual' && judged.length > 60 && judged.filter(p => level(p.z, p.se) === 'usual').length > judged.length * .6) return { key: 'mostly' };
  return null;
}
