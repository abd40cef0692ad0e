/* Small things every view needs: elements, the twelve kinds with their glyphs, z in words, scales and chips. Strings that people typed
   are only ever set as text, never as markup; nothing here writes a style attribute (the page's policy forbids them). */
import { t } from './texts.js';

export const $ = (sel, root = document) => root.querySelector(sel);
export const $$ = (sel, root = document) => [...root.querySelectorAll(sel)];
export const clamp = (x, lo, hi) => Math.min(hi, Math.max(lo, x));

/** An element: `h('button.btn.go', { type: 'button', onclick }, 'Save')`. Attributes that are functions or known properties are set as such. */
export function h(name, given = {}, ...inside) {
  const [tag, ...classes] = name.split('.');
  const el = document.createElement(tag || 'div');
  if (classes.length) el.className = classes.join(' ');
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (key in el && (typeof value === 'function' || ['value', 'checked', 'hidden', 'disabled', 'open', 'textContent', 'tabIndex'].includes(key))) el[key] = value;
    else el.setAttribute(key, value === true ? '' : value);
  }
  el.append(...inside.flat().filter(x => x !== null && x !== undefined && x !== false));
  return el;
}

const SVG = 'http://www.w3.org/2000/svg';
/** An SVG element from our own markup, never from anybody's text. */
export function svg(markup, given = {}) {
  const el = document.createElementNS(SVG, 'svg');
  for (const [key, value] of Object.entries(given)) el.setAttribute(key, value);
  el.innerHTML = markup;
  return el;
}

/* A glyph is always the same small story: the filled dot is you, open circles are others. */
const you = (x, y, r = 3.4) => `<circle class="you" cx="${x}" cy="${y}" r="${r}"/>`;
const them = (x, y, r = 3.6, more = '') => `<circle cx="${x}" cy="${y}" r="${r}" ${more}/>`;
export const GLYPHS = {
  rejection: you(6.5, 14) + '<path d="M14 6v16"/>' + them(21.5, 14),
  exclusion: you(7, 21.5) + them(13.5, 7.5, 3.1) + them(21.5, 7.5, 3.1) + them(20, 15.5, 3.1),
  ignored: you(7, 14) + them(20.5, 14, 4.4, 'stroke-dasharray="2 2.6"'),
  criticism: them(14, 6, 3.4) + '<path d="M14 11.5v5m-2.6-2.4 2.6 2.6 2.6-2.6"/>' + you(14, 22.6),
  conflict: you(5.5, 14) + '<path d="m10.5 16.5 3-5 2 5 3-5"/>' + them(23, 14, 3.2),
  boundary: you(12, 14) + '<path d="M12 5.5a8.5 8.5 0 1 1 0 17"/><path d="M12 5.5a8.5 8.5 0 0 0 0 17" stroke-dasharray=".1 3.4"/>' + them(25, 6, 1.9),
  connection: '<circle cx="10.5" cy="14" r="6.2"/><circle cx="17.5" cy="14" r="6.2"/>' + you(14, 14, 2.6),
  support: you(14, 10) + '<path d="M6 13a8 8 0 0 0 16 0"/><path d="M14 21v2.5"/>',
  reaching_out: you(6, 14) + '<path d="M11 14h6m-2.4-2.6L17.2 14l-2.6 2.6"/>' + them(23, 14, 3.2),
  group: you(14, 15) + them(14, 6, 2.9) + them(6, 20.5, 2.9) + them(22, 20.5, 2.9),
  exposure_step: '<path d="M4 23h6v-5h6v-5h6V8"/>' + you(13, 12.4, 3),
  other: you(14, 14, 3) + them(6, 14, 2) + them(22, 14, 2),
};
export const KINDS = Object.keys(GLYPHS);
export const kindName = kind => t(`kind.${kind}`);
export const glyph = (kind, size = 28) => svg(GLYPHS[kind] ?? GLYPHS.other, { class: 'glyph', viewBox: '0 0 28 28', width: size, height: size, 'aria-hidden': 'true' });

/* z to words: one list for page, notices, report and dashboards. A band that covers two words takes the one nearer to usual. */
const LEVELS = [[-Infinity, 'below'], [-1, 'usual'], [1, 'little'], [2, 'above'], [3, 'well']];
export const level = (z, se = 0) => { const sure = Math.sign(z) * Math.max(0, Math.abs(z) - 1.64 * se); return LEVELS.filter(([from]) => sure >= from).at(-1)[1]; };
export const tone = z => z >= 3 ? 'well' : z >= 1 ? 'above' : z < -1 ? 'below' : 'usual';
export const levelWords = (z, se) => t(`level.${level(z, se)}`);

/** A 0-10 scale, unset at first: a fieldset's worth of radios. `name` must be its own on the page. */
export function scale(name, label, low, high, chosen = null, onchange = undefined) {
  return h('div', {}, h('div.scale', { role: 'radiogroup', 'aria-label': label },
    [...Array(11).keys()].map(i => h('label', {}, h('input', { type: 'radio', name, value: String(i), 'aria-label': String(i), checked: chosen === i, onchange }), String(i)))),
  h('div.ends', {}, h('span', {}, `0\u2002${low}`), h('span', {}, `${high}\u200210`)));
}

/** Chips: `words` are [id, text]; `type` checkbox or radio; `chosen` ids. */
export const chips = (name, words, { type = 'checkbox', chosen = [], onchange } = {}) => h('div.chips', {},
  words.map(([id, text]) => h('label.chip', {}, h('input', { type, name, value: id, checked: chosen.includes(id), onchange }), text)));

/** Says something once to who listens to the page. */
export function say(text) {
  let region = $('#said-aloud');
  if (!region) { region = h('p.sr', { id: 'said-aloud', 'aria-live': 'polite' }); document.body.append(region); }
  region.textContent = ''; setTimeout(() => { region.textContent = text; }, 50);
}
