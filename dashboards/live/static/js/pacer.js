/* A breath in numbers: where the pacer is at any moment, from one origin. Nothing is added up from frame to frame or from breath to breath, so
   twenty minutes cannot drift, a stalled tab is at the right place when it wakes, and what is drawn, heard and felt is one breath. Pure: no
   clock, no page. Times are milliseconds of whatever clock `startedMs` is of. */

export const RATES = [4.5, 5, 5.5, 6, 6.5, 7], ENTRY_RATE = 9, RATIOS = [40, 50, 30], MINUTES = [1, 3, 5, 10, 20];

/** A pacer. `ratio`: share of breathing in, in percent. It ends with a whole breath, out. */
export function pacer({ rate = 6, ratio = 40, minutes = 3, startedMs = 0 } = {}) {
  const cycleMs = 60_000 / rate, inMs = cycleMs * ratio / 100, outMs = cycleMs - inMs;
  const breaths = Math.max(1, Math.round(minutes * rate));
  return Object.freeze({ rate, ratio, minutes, startedMs, cycleMs, inMs, outMs, breaths, lengthMs: breaths * cycleMs, endMs: startedMs + breaths * cycleMs });
}

/** How full a chest would be, 0 to 1, `ms` into a breath: it eases as a chest does, not as a spring. */
export function lungAt(p, ms) {
  const into = ((ms % p.cycleMs) + p.cycleMs) % p.cycleMs;
  return into < p.inMs ? (1 - Math.cos(Math.PI * into / p.inMs)) / 2 : (1 + Math.cos(Math.PI * (into - p.inMs) / p.outMs)) / 2;
}
export const lung = (p, nowMs) => lungAt(p, nowMs - p.startedMs);

/** Where the pacer is at `nowMs`. `breath` counts from 0; `step` of `of` are the whole seconds, or nearly, of a half; before the start it is `before`. */
export function at(p, nowMs) {
  const t = nowMs - p.startedMs;
  if (t < 0) return { half: 'before', breath: 0, step: 0, of: 0, ring: 0, share: 0, lung: 0, leftMs: p.lengthMs, over: false };
  const breath = Math.floor(t / p.cycleMs), into = t - breath * p.cycleMs, half = into < p.inMs ? 'in' : 'out';
  const halfMs = half === 'in' ? p.inMs : p.outMs, share = (half === 'in' ? into : into - p.inMs) / halfMs, { ins, outs } = steps(p);
  const of = half === 'in' ? ins : outs, step = Math.min(of, Math.floor(share * of) + 1);
  return { half, breath, step, of, ring: half === 'in' ? step : ins + step, share, lung: lungAt(p, t), leftMs: Math.max(0, p.endMs - nowMs), over: nowMs >= p.endMs };
}

/** Into how many steps each half is cut for who wants no movement: as near to a second as whole steps go. */
export const steps = p => ({ ins: Math.max(1, Math.round(p.inMs / 1000)), outs: Math.max(1, Math.round(p.outMs / 1000)) });

/** The halves that begin in [fromMs, toMs): when, which, how long. What is heard and felt is laid out by these. */
export function halves(p, fromMs, toMs) {
  const found = [];
  for (let k = Math.max(0, Math.floor((fromMs - p.startedMs) / p.cycleMs)); k < p.breaths; k++) {
    const begin = p.startedMs + k * p.cycleMs;
    if (begin >= toMs) break;
    if (begin >= fromMs) found.push({ atMs: begin, half: 'in', lengthMs: p.inMs });
    if (begin + p.inMs >= fromMs && begin + p.inMs < toMs) found.push({ atMs: begin + p.inMs, half: 'out', lengthMs: p.outMs });
  }
  return found;
}

/** Whole breaths breathed by `nowMs`. */
export const breathed = (p, nowMs) => Math.min(p.breaths, Math.max(0, Math.floor((nowMs - p.startedMs) / p.cycleMs + 1e-9)));

/** Breaths a minute as they are said: to the half where paces are chosen by halves, else whole. */
export const nearly = rate => rate < 8 ? Math.round(rate * 2) / 2 : Math.round(rate);

/** Which words say what is left, and the minutes in them. By the second nothing counts down. */
export function leftWords(leftMs) {
  if (leftMs > 60_000) return { key: 'left', n: Math.ceil(leftMs / 60_000) };
  return { key: leftMs > 15_000 ? 'last_minute' : 'last_breaths' };
}

/** Beats as they come, on this device's clock. The server dates them by its own, and a replay by that of another year: what is steady is how much
    earlier than their arrival the promptest of them closed. */
export function beatLine({ keepMs = 70_000, jumpMs = 60_000 } = {}) {
  let beats = [], delays = [];
  const offset = () => Math.min(...delays);
  return {
    add({ t_ms, rr_ms }, arrivedMs) {
      const delay = arrivedMs - t_ms;
      if (delays.length && Math.abs(delay - offset()) > jumpMs) { beats = []; delays = []; }
      delays.push(delay);
      if (delays.length > 60) delays.shift();
      let closes = t_ms;
      const fresh = [];
      for (const rr of [...rr_ms].reverse()) { fresh.push({ t: closes, rr }); closes -= rr; }
      const last = beats.at(-1)?.t ?? -Infinity;
      beats.push(...fresh.reverse().filter(b => b.t > last));
      while (beats.length && beats[0].t < t_ms - keepMs) beats.shift();
    },
    /** [{t, bpm, joined}]: middle of each interval on this device's clock, and whether the beat before it is its neighbour. */
    points() {
      const by = offset();
      return beats.map((b, i) => ({ t: b.t - b.rr / 2 + by, bpm: 60_000 / b.rr, joined: i > 0 && b.t - b.rr - beats[i - 1].t < 350 }));
    },
    get length() { return beats.length; },
  };
}
