/* The day, drawn: arousal against usual with its band, gates as textures, gaps left empty, tags above, moments numbered. A slider for keys
   and screen readers; a line to read for the pointer. uPlot keeps scales, size and canvas; what is drawn on it is drawn here. */
import uPlot from '/static/vendor/uPlot.esm.js';
import { clamp, glyph, h, kindName, level, svg, tone } from './kit.js';
import { colour, onTheme, patterns, ramp, short, texture } from './look.js';
import { MINUTE, at, drawn, gates, leftOut, runs, worn } from './points.js';
import { clock, fromLocal, local, t } from './texts.js';

const HIGH = 4.1, LOW = -2.5, HOUR = 60 * MINUTE;
const WORDS = [[3.5, 'well'], [2.5, 'above'], [1.5, 'little'], [0, 'usual'], [-1.7, 'below']];

/** What a moment reads as: "09:54 · above your usual, sitting still". */
export function tell(model, ms) {
  const p = at(model.points, ms, model.step_ms), when = clock(p ? p.t : ms);
  if (!p) return `${when} · ${t('day.no_signal')}`;
  const how = drawn(p);
  if (how === 'gated') return `${when} · ${t(`gate.${p.gate}`)}, ${t('day.not_judged')}`;
  if (how === 'none') return `${when} · ${t('day.not_known')}`;
  return `${when} · ${t(`level.${level(p.z, p.se)}`)}, ${how === 'weak' ? t('day.weak') : t(`gate.${p.gate}`)}`;
}

/** Left-out minutes as a sentence, or ''. */
export function leftOutWords(model, today) {
  const parts = Object.entries(leftOut(model.points, model.gaps, model.step_ms)).map(([why, n]) => t(`day.left.${why}`, { span: short(n) }));
  return parts.length ? t(today ? 'day.left_today' : 'day.left_out', { parts: parts.join(', ') }) : '';
}

const key = (mark, words) => h('li', {}, svg(mark, { viewBox: '0 0 22 12', 'aria-hidden': 'true' }), words);
/** What the drawing means; `seen` the textures that are on it. */
function legend(model) {
  const seen = new Set(gates(model.points, model.step_ms).map(each => each.gate)), box = fill => `<rect width="22" height="12" fill="${fill}"/>`;
  const stroke = (...colours) => colours.map((colour, i) => `<path class="dashes" d="M${i * 22 / colours.length} 6h${22 / colours.length}" stroke="var(--${colour})" stroke-width="${colour === 'unsure' ? 1.2 : 2.4}"/>`).join('');
  return h('ul.key', {}, key(box('var(--usual-band)'), t('day.key.usual')), key(stroke('above', 'well'), t('day.key.above')), key(stroke('below'), t('day.key.below')), key(box('var(--band)'), t('day.key.sure')),
    model.points.some(p => drawn(p) === 'gated') && key(stroke('unsure'), t('day.key.gated')),
    ['light', 'moving', 'recovery', 'posture'].filter(gate => seen.has(gate)).map(gate => key(box(`url(#g-${gate})`), t(`day.key.${gate}`))),
    model.points.some(p => drawn(p) === 'weak') && key('<path class="dashes" d="M0 6h22" stroke="var(--unsure)" stroke-width="2" stroke-dasharray="4 3"/>', t('day.key.weak')),
    key('', t('day.key.empty')));
}

/** The day in `host`. `set(model)` draws { from_ms, to_ms, step_ms, points, gaps, events, episodes, today, judged }; `end()` takes it away. */
export function dayPlot(host) {
  const read = h('p.read.num', {}, t('day.touch'));
  const over = h('div.over', { 'aria-hidden': 'true' }), hair = h('i.hair', { hidden: true });
  const box = h('div.plot', { tabindex: '0', role: 'slider', dir: 'ltr', 'aria-label': t('day.slider') }, over, hair);
  const foot = h('div', {});
  host.replaceChildren(patterns(), read, box, foot);
  let plot = null, model = null, cursor = null, wide = true, left = 46, ink = {}, ratio = 1, dirty = '', dressed = '', textures = {}, shades = null;

  let drawnOn = null;
  const x = ms => drawnOn.valToPos(ms / 1000, 'x') + drawnOn.bbox.left / ratio, y = z => drawnOn.valToPos(z, 'y') + drawnOn.bbox.top / ratio;

  function measure() { textures = {}; shades = null; ratio = devicePixelRatio || 1; ink = Object.fromEntries(['usual-band', 'band', 'rule', 'unsure', 'ink-3', 'surface', 'ink', 'usual', 'above', 'well', 'below', 'hatch'].map(c => [c, colour(c)])); }

  function hours(_, __, from, to) {
    const wished = (to - from) / 3600 / Math.max(1, Math.floor(box.clientWidth / 64)), every = [1, 2, 3, 4, 6, 12].find(n => n >= wished) ?? 24, step = every * 3600;
    const marks = [];
    const last = to - (to - from) * 16 / Math.max(100, box.clientWidth - left);                 // its words would be cut off at the edge
    const wall = Math.ceil(local(from * 1000) / 1000 / step) * step, mark = i => fromLocal((wall + i * step) * 1000) / 1000;
    for (let i = 0; mark(i) <= last; i++) marks.push(mark(i));
    return marks;
  }

  /** All of it, on uPlot's canvas, in its pixels. */
  function paint(u) {
    drawnOn = u;
    const c = u.ctx, X = ms => u.valToPos(ms / 1000, 'x', true), Y = z => u.valToPos(clamp(z, LOW, HIGH), 'y', true), top = Y(HIGH), bottom = Y(LOW), step = model.step_ms;
    c.save();
    for (const [from, to] of worn(model.points, step)) {
      c.fillStyle = ink['usual-band']; c.fillRect(X(from), Y(1), Math.max(1, X(to) - X(from)), Y(-1) - Y(1));
      c.fillStyle = ink.rule; c.fillRect(X(from), bottom, Math.max(1, X(to) - X(from)), ratio);
    }
    for (const { gate, from, to } of gates(model.points, step)) {
      const w = Math.max(2 * ratio, X(Math.min(to, model.to_ms)) - X(from));
      c.fillStyle = textures[gate] ??= texture(c, gate, ratio);
      c.globalAlpha = gate === 'light' ? .3 : .38; c.fillRect(X(from), top, w, bottom - top);
      c.globalAlpha = 1; c.fillRect(X(from), bottom + 4 * ratio, w, 9 * ratio);
    }
    c.strokeStyle = ink['ink-3']; c.lineWidth = ratio; c.setLineDash([ratio, 4 * ratio]);
    for (const { ms } of marks()) { c.beginPath(); c.moveTo(Math.round(X(ms)), top - 14 * ratio); c.lineTo(Math.round(X(ms)), bottom); c.stroke(); }
    c.setLineDash([]); c.lineJoin = c.lineCap = 'round';
    shades ??= ramp(c, Y(4), Y(-2));
    const all = runs(model.points, step);
    for (const { how, points } of all) {
      const sure = points.filter(p => p.se !== null);
      if (!sure.length) continue;
      c.fillStyle = ink.band; c.globalAlpha = how === 'ok' ? 1 : .5; c.beginPath();
      sure.forEach((p, i) => c[i ? 'lineTo' : 'moveTo'](X(p.t), Y(p.z + 1.64 * p.se)));
      sure.toReversed().forEach(p => c.lineTo(X(p.t), Y(p.z - 1.64 * p.se)));
      c.fill(); c.globalAlpha = 1;
    }
    for (const { how, points } of all) {
      c.strokeStyle = how === 'ok' ? shades : ink.unsure; c.lineWidth = (how === 'ok' ? 2.4 : how === 'weak' ? 1.6 : 1.2) * ratio;
      c.setLineDash(how === 'weak' ? [4 * ratio, 3 * ratio] : []);
      c.beginPath();
      points.forEach((p, i) => c[i ? 'lineTo' : 'moveTo'](X(p.t), Y(p.z)));
      if (points.length === 1) c.lineTo(X(points[0].t) + ratio, Y(points[0].z));
      c.stroke();
    }
    c.setLineDash([]);
    const last = model.points.at(-1);
    if (model.today && last && drawn(last) === 'ok' && model.judged) {
      c.beginPath(); c.arc(X(last.t), Y(last.z), 5.5 * ratio, 0, 7); c.fillStyle = ink[tone(last.z)]; c.fill();
      c.lineWidth = 2 * ratio; c.strokeStyle = ink.surface; c.stroke();
    }
    c.restore();
    if (dirty !== dressed) dress(); else if (cursor !== null) hairTo(cursor);
  }

  const inside = ms => ms >= model.from_ms && ms <= model.to_ms;
  const marks = () => model.events.map(e => ({ ...e, ms: Number(BigInt(e.t_ns) / 1000000n) })).filter(e => inside(e.ms)).sort((a, b) => a.ms - b.ms);

  /** Words, glyphs and numbers lie over the canvas as elements: sharp, in the theme, in the reader's own size. */
  function dress() {
    dressed = dirty;
    const placed = (el, left_px, top_px) => { el.style.left = `${left_px}px`; el.style.top = `${top_px}px`; return el; };
    const inside_px = [], parts = [];
    for (const [z, id] of WORDS) parts.push(placed(h(`span.word${z ? '' : '.strong'}`, {}, t(`day.axis.${wide ? 'wide' : 'narrow'}.${id}`)), 0, y(z)));
    for (const e of marks()) {
      const at_px = x(e.ms), row = [0, 1].find(r => !inside_px.some(([px, taken]) => taken === r && at_px - px < 25));
      if (row === undefined) continue;                         // a third at the same moment has its line, and its row in the list
      inside_px.push([at_px, row]);
      parts.push(placed(h('span.tagged', { title: `${kindName(e.kind)}, ${clock(e.ms)}` }, glyph(e.kind, 24)), clamp(at_px, left, box.clientWidth - 13), row ? 20 : 0));
    }
    let before = null;
    model.episodes.forEach((e, i) => {
      if (!inside(e.peak_ms)) return;
      const px = x(e.peak_ms), under = e.kind === 'slowing', near = before && px - before.px < 22 && Math.abs(y(e.peak_z) - before.y) < 24;
      const py = clamp(y(clamp(e.peak_z, LOW, HIGH)) + (under ? 20 : -20) - (near ? 20 : 0), y(HIGH) + 8, y(LOW) - 10);
      before = { px, y: py };
      parts.push(placed(h(`span.nr.num`, {}, String(i + 1)), px, py));
    });
    if (wide) {
      let free = 0;
      for (const [from, to, words] of said()) {
        const el = placed(h('span.under', {}, words), Math.max(from, free), y(LOW) + 17);
        if (from < free - 2 || words.length * 6.6 > Math.max(to - from, 0) + 80) continue;
        free = Math.max(from, free) + words.length * 7 + 12;
        if (free > box.clientWidth + 8) continue;
        parts.push(el);
      }
    }
    over.replaceChildren(...parts);
    if (cursor !== null) hairTo(cursor);
  }

  /** Names under the lane: a walk with what follows it is one name, a hole another. */
  function said() {
    const found = [];
    for (const g of gates(model.points, model.step_ms).filter(g => g.gate !== 'light' && g.to - g.from > 6 * MINUTE)) {
      const last = found.at(-1);
      if (g.gate === 'recovery' && last?.gate === 'moving' && g.from - last.to <= 2 * model.step_ms) { last.to = g.to; last.words = t('day.lane.moving_recovery'); }
      else found.push({ ...g, words: t(`day.lane.${g.gate}`) });
    }
    for (const [from, to] of model.gaps) if (to - from > 6 * MINUTE && inside(from)) found.push({ from, to, words: t('day.no_signal') });
    return found.sort((a, b) => a.from - b.from).map(({ from, to, words }) => [x(Math.max(from, model.from_ms)), x(Math.min(to, model.to_ms)), words]);
  }

  const data = () => [model.points.map(p => p.t / 1000), model.points.map(p => p.z)];
  const height = () => (wide ? 356 : 290);

  function build() {
    plot?.destroy();
    measure();
    dressed = '';
    wide = box.clientWidth > 600; left = wide ? 112 : 66;
    plot = new uPlot({
      width: box.clientWidth, height: height(), pxAlign: 0, padding: [44, 10, 0, 0], legend: { show: false }, cursor: { show: false },
      scales: { x: { time: false, range: () => [model.from_ms / 1000, model.to_ms / 1000] }, y: { range: [LOW, HIGH] } },
      axes: [
        { size: wide ? 62 : 40, gap: wide ? 40 : 16, font: `13px ${getComputedStyle(document.body).fontFamily}`, stroke: ink['ink-3'], grid: { show: false }, ticks: { show: false }, splits: hours, values: (_, all) => all.map(s => clock(s * 1000)) },
        { size: left, grid: { show: false }, ticks: { show: false }, values: () => [] },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: { draw: [paint] },
    }, data(), box);
    box.append(over, hair);
  }

  function hairTo(ms) { hair.hidden = false; hair.style.left = `${x(ms)}px`; hair.style.top = `${y(HIGH) - 8}px`; hair.style.height = `${y(LOW) - y(HIGH) + 8}px`; }
  function point(ms) {
    cursor = clamp(ms, model.from_ms, model.to_ms);
    const words = tell(model, cursor);
    read.textContent = words;
    box.setAttribute('aria-valuenow', Math.round((cursor - model.from_ms) / MINUTE));
    box.setAttribute('aria-valuetext', words);
    hairTo(cursor);
  }
  const under = e => { if (drawnOn) point(plot.posToVal(e.clientX - box.getBoundingClientRect().left - plot.bbox.left / ratio, 'x') * 1000); };
  box.addEventListener('pointermove', under);
  box.addEventListener('pointerdown', under);
  const KEYS = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageDown: -60, PageUp: 60 };
  box.addEventListener('keydown', e => {
    if (e.ctrlKey || e.altKey || e.metaKey || !drawnOn) return;
    const from = cursor ?? (model.points.at(-1)?.t ?? model.to_ms);
    if (e.key in KEYS) point(cursor === null ? from : from + KEYS[e.key] * MINUTE);
    else if (e.key === 'Home') point(model.points[0]?.t ?? model.from_ms);
    else if (e.key === 'End') point(model.points.at(-1)?.t ?? model.to_ms);
    else return;
    e.preventDefault();
  });

  const sized = new ResizeObserver(() => { if (plot && model && box.clientWidth && box.clientWidth !== plot.width) build(); });
  sized.observe(box);
  const themed = onTheme(() => { if (plot) build(); });
  let told = '';

  return {
    set(next) {
      model = next;
      box.setAttribute('aria-valuemin', 0);
      box.setAttribute('aria-valuemax', Math.round((model.to_ms - model.from_ms) / MINUTE));
      const last = model.points.at(-1);
      if (cursor === null) { box.setAttribute('aria-valuenow', Math.round(((last?.t ?? model.to_ms) - model.from_ms) / MINUTE)); box.setAttribute('aria-valuetext', tell(model, last?.t ?? model.to_ms)); }
      if (!box.clientWidth) return;
      dirty = [model.from_ms, Math.round(model.to_ms / 30_000), JSON.stringify(model.episodes), ...model.events.map(e => e.id + e.revision + e.t_ns + e.kind)].join();
      if (!plot) build(); else plot.setData(data());
      const words = leftOutWords(model, model.today), shape = words + legendOf(model);
      if (shape !== told) { told = shape; foot.replaceChildren(legend(model), words ? h('p.small.left-out', {}, words) : ''); }
    },
    end() { sized.disconnect(); themed(); plot?.destroy(); },
  };
}

const legendOf = model => [...new Set(gates(model.points, model.step_ms).map(each => each.gate))].sort().join() + model.points.some(p => drawn(p) === 'weak');

/** From when a day is drawn: the first point on an hour's mark, at least two hours before its end. */
export function windowOf(all, from_ms, to_ms) {
  const first = all[0]?.t ?? to_ms - 2 * HOUR;
  return [Math.max(from_ms, Math.min(first, to_ms - 2 * HOUR)), to_ms];
}
