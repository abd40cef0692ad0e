/* What drawing needs from the style sheet: a canvas cannot read `light-dark()`, so colours are resolved on a hidden element. */
import { svg } from './kit.js';
import { runs } from './points.js';
import { span, t } from './texts.js';

/** Minutes as a list says them. */
export const short = minutes => minutes < 90 ? t('day.min', { n: Math.round(minutes) }) : span(minutes);

let probe;
/** The colour of a token as the theme has it now. */
export function colour(token) {
  probe ??= document.body.appendChild(Object.assign(document.createElement('span'), { hidden: true }));
  probe.style.color = `var(--${token})`;
  return getComputedStyle(probe).color;
}

/** Calls back when the theme changes; gives what ends it. */
export function onTheme(change) {
  const dark = matchMedia('(prefers-color-scheme: dark)'), watch = new MutationObserver(change);
  dark.addEventListener('change', change);
  watch.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => { dark.removeEventListener('change', change); watch.disconnect(); };
}

const RAMP = [[4, 'well'], [3, 'well'], [2, 'above'], [1.3, 'above'], [.8, 'usual'], [-.8, 'usual'], [-1.4, 'below'], [-2, 'below']];
/** Arousal by lightness: a canvas gradient between the pixels of z = 4 and z = -2. */
export function ramp(ctx, y4, y_2) {
  const made = ctx.createLinearGradient(0, y4, 0, y_2);
  for (const [z, token] of RAMP) made.addColorStop((4 - z) / 6, colour(token));
  return made;
}
/** The same for an SVG, as markup; `id` its own on the page. */
export const rampMarkup = (id, y) => `<linearGradient id="${id}" gradientUnits="userSpaceOnUse" x1="0" x2="0" y1="${y(4)}" y2="${y(-2)}">` +
  RAMP.map(([z, token]) => `<stop offset="${(4 - z) / 6}" stop-color="var(--${token})"/>`).join('') + '</linearGradient>';

/* Textures of the gates: shape first, so that they read in grey. */
const HATCH = {
  moving: { size: [7, 7], turn: 45, draw: c => { c.lineWidth = 2.2; c.moveTo(0, 0); c.lineTo(0, 7); } },
  recovery: { size: [7, 7], turn: 45, draw: c => { c.lineWidth = 1.8; c.setLineDash([3, 4]); c.moveTo(0, 0); c.lineTo(0, 7); } },
  light: { size: [6, 6], turn: 0, draw: c => { c.lineWidth = 1.8; c.lineCap = 'round'; c.moveTo(1.5, 1.5); c.lineTo(1.51, 1.5); } },
  posture: { size: [4, 8], turn: 0, draw: c => { c.lineWidth = 1.3; c.moveTo(1, 0); c.lineTo(1, 8); } },
};
/** A canvas pattern for a gate. */
export function texture(ctx, gate, ratio) {
  const { size: [w, h], turn, draw } = HATCH[gate], tile = document.createElement('canvas'), scale = 4 * ratio;
  [tile.width, tile.height] = [w * scale, h * scale];
  const c = tile.getContext('2d');
  c.scale(scale, scale); c.strokeStyle = colour('hatch'); c.beginPath(); draw(c); c.stroke();
  const made = ctx.createPattern(tile, 'repeat');
  made.setTransform(new DOMMatrix().rotate(turn).scale(1 / 4));
  return made;
}
const PATTERNS = `<defs>
  <pattern id="g-moving" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0v7" stroke="var(--hatch)" stroke-width="2.2"/></pattern>
  <pattern id="g-recovery" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0v7" stroke="var(--hatch)" stroke-width="1.8" stroke-dasharray="3 4"/></pattern>
  <pattern id="g-light" width="6" height="6" patternUnits="userSpaceOnUse"><circle cx="1.5" cy="1.5" r=".9" fill="var(--hatch)"/></pattern>
  <pattern id="g-posture" width="4" height="8" patternUnits="userSpaceOnUse"><path d="M1 0v8" stroke="var(--hatch)" stroke-width="1.3"/></pattern></defs>`;
/** The same textures for legend keys: an empty SVG that only holds patterns. */
export const patterns = () => svg(PATTERNS, { width: 0, height: 0, class: 'patterns', 'aria-hidden': 'true' });

/** A small line in a box: `points` [{t, z}] broken where `z` is null or a point is missing. */
export const linePath = (pts, x, y, step_ms) => {
  let last = null;
  return pts.map(p => {
    if (p.z === null) { last = null; return ''; }
    const joined = last !== null && p.t - last <= 1.5 * step_ms;
    last = p.t;
    return `${joined ? 'L' : 'M'}${x(p.t).toFixed(1)} ${y(Math.min(4, Math.max(-2, p.z))).toFixed(1)}${joined ? '' : 'h.01'}`;
  }).join('');
};

/** The same, drawn as the day draws it, as markup: what was judged in the colours of gradient `id`, the rest grey and thin, weak signal dashed. */
export const lineMarkup = (pts, x, y, step_ms, id, thick) => runs(pts, step_ms).map(({ how, points }) => `<path class="${how}" d="${linePath(points, x, y, step_ms)}" fill="none" stroke="${how === 'ok' ? `url(#${id})` : 'var(--unsure)'}" ` +
  `stroke-width="${how === 'ok' ? thick : 1}" stroke-linejoin="round" stroke-linecap="round"${how === 'weak' ? ' stroke-dasharray="3 3"' : ''}/>`).join('');
