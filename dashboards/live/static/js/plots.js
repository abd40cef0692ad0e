/* What findings look like: dots are moments, a band what is matched, a bar the difference with its interval. Every drawing stands beside its
   words and is hidden from who listens; none needs a width, so that all fit wherever they stand. */
import { h, svg } from './kit.js';
import { place } from './findings.js';
import { number, t } from './texts.js';

const drawn = (markup, given) => svg(markup, { width: '100%', direction: 'ltr', 'aria-hidden': 'true', ...given });
const pc = x => `${x.toFixed(2)}%`;
const dot = (x, y, given = '') => `<circle cx="${pc(x)}" cy="${y}" r="4" fill="none" stroke="var(--ink-2)" stroke-width="1.3" ${given}/>`;

/** A row of the table-plot. */
export function rowPlot({ points, band, effect, claimed }, reach) {
  const at = z => place(z, reach), zero = at(0);
  return drawn(`<line x1="${pc(zero)}" x2="${pc(zero)}" y1="0" y2="34" stroke="var(--edge)"/>` +
    (band ? `<rect x="${pc(at(band[0]))}" width="${pc(at(band[1]) - at(band[0]))}" y="3" height="28" fill="var(--usual-band)"/><line x1="${pc(zero)}" x2="${pc(zero)}" y1="0" y2="34" stroke="var(--edge)"/>` : '') +
    points.map(z => dot(at(z), 11)).join('') +
    (effect ? `<line x1="${pc(at(effect[1]))}" x2="${pc(at(effect[2]))}" y1="25" y2="25" stroke="var(--well)" stroke-width="${claimed ? 3 : 1.6}"/><circle cx="${pc(at(effect[0]))}" cy="25" r="${claimed ? 5.5 : 4}" fill="${claimed ? 'var(--well)' : 'var(--surface)'}" stroke="var(--well)" stroke-width="1.6"/>` : ''),
  { height: 34, class: 'plot-row' });
}

/** The scale over the rows: whole steps of two, and what they are. */
export function axis([low, high]) {
  const steps = [];
  for (let z = low; z <= high; z += 2) steps.push(z);
  return drawn(steps.map((z, i) => `<text x="${pc(place(z, [low, high]))}" y="13" text-anchor="${i === 0 ? 'start' : z === high ? 'end' : 'middle'}">${z > 0 ? '+' : z < 0 ? '\u2212' : ''}${number(Math.abs(z))}${z === high ? ' SD' : ''}</text>`).join(''), { height: 18, class: 'plot-axis' });
}

export const plotKey = () => h('ul.plot-key', {},
  h('li', {}, drawn('<rect y="2" width="100%" height="12" fill="var(--usual-band)"/>', { height: 16 }), t('findings.key_band')),
  h('li', {}, drawn(dot(50, 8), { height: 16 }), t('findings.key_moment')),
  h('li', {}, drawn('<line x1="8%" x2="92%" y1="8" y2="8" stroke="var(--well)" stroke-width="3"/><circle cx="50%" cy="8" r="5.5" fill="var(--well)"/>', { height: 16 }), t('findings.key_effect')),
  h('li', {}, drawn('<line x1="8%" x2="92%" y1="8" y2="8" stroke="var(--well)" stroke-width="2"/><circle cx="50%" cy="8" r="4.5" fill="var(--surface)" stroke="var(--well)" stroke-width="2"/>', { height: 16 }), t('findings.key_open')));

/** One moment among those it is matched with. */
export function matchPlot(dz10, matches, reach) {
  const at = z => place(z, reach);
  return drawn(`<line x1="0" x2="100%" y1="20" y2="20" stroke="var(--rule)"/><line x1="${pc(at(0))}" x2="${pc(at(0))}" y1="2" y2="38" stroke="var(--edge)"/>` + matches.map(z => dot(at(z), 20)).join('') +
    (dz10 === null ? '' : `<circle cx="${pc(at(dz10))}" cy="20" r="6.5" fill="var(--well)" stroke="var(--surface)" stroke-width="2"/>`), { height: 40 });
}

const H = 132, TOP = 10, LEFT = 44, FOOT = 22;
/** Share of moments still more than half up, over the minutes since the peak. */
export function curve({ steps, cuts, median_min }) {
  const most = Math.max(15, Math.ceil(Math.max(...steps.map(([m]) => m), ...cuts.map(([m]) => m)) / 15) * 15);
  const x = m => 100 * m / most, y = s => TOP + (1 - s) * (H - TOP - FOOT), lines = [];
  steps.forEach(([m, s], i) => {
    const [to] = steps[i + 1] ?? [most], [, from_share] = steps[i - 1] ?? [0, s];
    if (i) lines.push(`<line x1="${pc(x(m))}" x2="${pc(x(m))}" y1="${y(from_share)}" y2="${y(s)}"/>`);
    lines.push(`<line x1="${pc(x(m))}" x2="${pc(x(to))}" y1="${y(s)}" y2="${y(s)}"/>`);
  });
  const ticks = [0, most / 3, 2 * most / 3, most].map(m => `<text x="${pc(x(m))}" y="${H - 4}" text-anchor="${m === 0 ? 'start' : m === most ? 'end' : 'middle'}">${number(m)}</text>`).join('');
  return framed(`<line x1="0" x2="100%" y1="${y(0)}" y2="${y(0)}" stroke="var(--rule)"/><line x1="0" x2="100%" y1="${y(.5)}" y2="${y(.5)}" stroke="var(--rule)"/>` +
    (median_min === null ? '' : `<line x1="${pc(x(median_min))}" x2="${pc(x(median_min))}" y1="${y(.5)}" y2="${y(0)}" stroke="var(--ink-3)" stroke-dasharray="3 3"/>`) +
    `<g stroke="var(--well)" stroke-width="2.2" stroke-linecap="square">${lines.join('')}</g>` + cuts.map(([m, s]) => `<line x1="${pc(x(m))}" x2="${pc(x(m))}" y1="${y(s) - 5}" y2="${y(s) + 5}" stroke="var(--well)" stroke-width="1.4"/>`).join('') + ticks,
  [[y(1), t('findings.settling.all')], [y(.5), t('findings.settling.mid')]]);
}

/** A square of dots: what was felt against what the body did. */
export function scatter({ points }) {
  const low = Math.min(-2, ...points.map(([, z]) => Math.floor(z))), high = Math.max(4, ...points.map(([, z]) => Math.ceil(z)));
  const x = felt => 3 + 94 * felt / 10, y = z => TOP + (high - z) / (high - low) * (H - TOP - FOOT);
  return framed(`<rect width="100%" y="${y(1)}" height="${y(-1) - y(1)}" fill="var(--usual-band)"/><line x1="0" x2="100%" y1="${y(low)}" y2="${y(low)}" stroke="var(--rule)"/>` + points.map(([felt, z]) => dot(x(felt), y(z).toFixed(1))).join('') +
    [0, 5, 10].map(n => `<text x="${pc(x(n))}" y="${H - 4}" text-anchor="middle">${number(n)}</text>`).join(''), [[y(high), `+${number(high)}`], [y(0), '0']]);
}

/** Two rows of dots with their means: offered, withheld. */
export function arms(offers) {
  const rows = [['offered', offers.offered, offers.offered_mean], ['withheld', offers.withheld, offers.withheld_mean]];
  const all = rows.flatMap(([, points, mean]) => [...points, ...(mean ?? [])]), reach = [Math.min(-1, ...all.map(Math.floor)), Math.max(3, ...all.map(Math.ceil))], at = z => place(z, reach);
  return h('div.arms', {}, rows.map(([arm, points, mean]) => h('div.arm', {}, h('span.small', {}, t(`findings.offers.${arm}`)),
    drawn(`<rect x="${pc(at(-1))}" width="${pc(at(1) - at(-1))}" height="34" fill="var(--usual-band)"/>` + points.map(z => dot(at(z), 10)).join('') +
      (mean ? `<line x1="${pc(at(mean[1]))}" x2="${pc(at(mean[2]))}" y1="25" y2="25" stroke="var(--breath)" stroke-width="2.4"/><circle cx="${pc(at(mean[0]))}" cy="25" r="5" fill="var(--breath)"/>` : ''), { height: 34 }))));
}

/** A drawing with words at its left, which are text and keep their size. */
function framed(markup, names) {
  const left = drawn(names.map(([y, word]) => `<text x="0" y="${y + 4}"></text>`).join(''), { height: H, class: 'names' });
  names.forEach(([, word], i) => { left.querySelectorAll('text')[i].textContent = word; });
  left.setAttribute('width', LEFT);
  return h('div.framed', {}, left, drawn(markup, { height: H }));
}
