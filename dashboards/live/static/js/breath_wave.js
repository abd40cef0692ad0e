/* What is drawn around the breath: the disc, or a ring of steps where nothing may move, and behind it the heart's own wave beside the pacer's.
   Both are drawn for the same moment: as late as the strap tells of its beats. */
import { clamp, svg } from './kit.js';
import { lung, steps } from './pacer.js';

/** Beats come bunched by the second: drawn this much later than they are known, the line grows evenly. */
const SETTLED_MS = 1_600;
/** So many beats a minute about the middle reach half-way up: the same for everybody, so that a small swing looks small. */
const HALF_BPM = 11, MARGIN = 20;

/** `draw(now, {pace, points, latencyMs, showPacer})` redraws; `points` null draws no heart. The filled dot is you. */
export function wave() {
  const el = svg('<path class="wave-pacer"/><path class="wave-heart"/><circle class="wave-you" r="4.5"/>', { class: 'wave', 'aria-hidden': 'true', focusable: 'false' });
  const [pacerPath, heartPath, you] = el.children;
  let mid = null;

  function draw(now, { pace, points, latencyMs = 0, showPacer = true }) {
    const { clientWidth: W, clientHeight: H } = el, shown = (W < 600 ? 35 : 60) * 1000, edge = now - latencyMs - SETTLED_MS;
    const x = t => W - MARGIN - (edge - t) / shown * W;
    pacerPath.toggleAttribute('hidden', !showPacer);
    if (showPacer) {
      let d = '';
      for (let t = edge - shown, first = true; t <= edge + 250; t += 250) {
        if (t < pace.startedMs) { first = true; continue; }
        d += `${first ? 'M' : 'L'}${x(t).toFixed(1)} ${(H / 2 - (lung(pace, t) - .5) * H * .5).toFixed(1)}`;
        first = false;
      }
      pacerPath.setAttribute('d', d);
    }
    const known = points?.filter(p => p.t > edge - shown - 2_000 && p.t <= edge) ?? [];
    you.toggleAttribute('hidden', !known.length);
    if (!known.length) return heartPath.setAttribute('d', '');
    const sorted = known.map(p => p.bpm).sort((a, b) => a - b), middle = sorted[sorted.length >> 1];
    mid = mid === null ? middle : mid + (middle - mid) * .03;
    const y = bpm => H / 2 - clamp((bpm - mid) / HALF_BPM, -1.5, 1.5) * H * .28;
    let d = '', before = null;
    for (const p of known) {
      const here = [x(p.t), y(p.bpm)];
      if (!p.joined || !before) d += `M${here[0].toFixed(1)} ${here[1].toFixed(1)}`;
      else d += `Q${before[0].toFixed(1)} ${before[1].toFixed(1)} ${((before[0] + here[0]) / 2).toFixed(1)} ${((before[1] + here[1]) / 2).toFixed(1)}`;
      before = here;
    }
    if (before) { d += `L${before[0].toFixed(1)} ${before[1].toFixed(1)}`; you.setAttribute('cx', before[0].toFixed(1)); you.setAttribute('cy', before[1].toFixed(1)); }
    heartPath.setAttribute('d', d);
  }
  return { el, draw, forget() { mid = null; } };
}

const RADIUS = 88, GAP = .05;
/** The ring of who wants no movement: a step a second, thick for in, thin for out; `fill(n)` lights the first n. */
export function ring(pace) {
  const { ins, outs } = steps(pace), n = ins + outs, turn = 2 * Math.PI;
  const arc = i => {
    const a = i / n * turn - turn / 4 + GAP, b = (i + 1) / n * turn - turn / 4 - GAP, at = angle => `${(RADIUS * Math.cos(angle)).toFixed(2)} ${(RADIUS * Math.sin(angle)).toFixed(2)}`;
    return `M${at(a)}A${RADIUS} ${RADIUS} 0 0 1 ${at(b)}`;
  };
  const el = svg('<circle class="ring-ground" r="97"/>' + [...Array(n).keys()].map(i => `<path class="ring-${i < ins ? 'in' : 'out'}" d="${arc(i)}"/>`).join(''),
    { class: 'ring', viewBox: '-100 -100 200 200', 'aria-hidden': 'true', focusable: 'false' });
  const arcs = [...el.children].slice(1);
  return { el, fill(lit) { arcs.forEach((each, i) => each.classList.toggle('lit', i < lit)); } };
}
