/* Days as rows: one small day each, all on the same scale and the same hours, so that they can be compared by eye. */
import { glyph, h, kindName, svg } from './kit.js';
import { lineMarkup, rampMarkup } from './look.js';
import { MINUTE } from './points.js';
import { clock, dayAndMonth, number, t, weekday, weekdayShort } from './texts.js';

const HOUR = 60 * MINUTE, STEP = 4 * MINUTE, TALL = 60, ICON = 16;
/** How far back the weeks go. The last seven days share their hours. */
export const DAYS = 35;
const tagsOf = day => day.tags.map(tag => (Array.isArray(tag) ? { t_ms: tag[0], kind: tag[1] } : tag));
const pointsOf = day => day.z.map((z, i) => ({ t: day.z_from_ms + i * STEP, z, gate: day.judged?.[i] === false ? 'moving' : 'still', ok: true }));

/** The hours that hold everything shown, as ms since each day's own beginning. */
export function hoursOf(days) {
  const all = days.flatMap(day => [...pointsOf(day).filter(p => p.z !== null), ...tagsOf(day).map(({ t_ms }) => ({ t: t_ms }))].map(p => p.t - day.from_ms));
  if (!all.length) return [3 * HOUR, 18 * HOUR];
  return [Math.floor(Math.min(...all) / HOUR) * HOUR, Math.max(Math.ceil((Math.max(...all) + STEP) / HOUR), Math.floor(Math.min(...all) / HOUR) + 4) * HOUR];
}

/** Places in a row, at least an icon apart and none beyond `most`: those that would overlap are shifted; closer only where there is no room. */
export function apart(places, most) {
  const step = Math.min(ICON, most / Math.max(1, places.length - 1)), found = [];
  for (const place of places) found.push(Math.max(place, found.length ? found.at(-1) + step : 0));
  for (let i = found.length - 1, free = most; i >= 0; i--, free -= step) { found[i] = Math.min(found[i], free); free = found[i]; }
  return found;
}

let drawn = 0;
function mini(day, [from, to], width) {
  if (!day.z.some(z => z !== null) && !tagsOf(day).length) return h('span.tiny', {}, t('week.not_worn'));
  const id = `week-${++drawn}`, x = ms => (ms - day.from_ms - from) / (to - from) * width, y = z => 14 + (4 - z) / 6 * (TALL - 14), pts = pointsOf(day);
  const bands = [];
  for (const p of pts) { if (p.z === null) continue; const last = bands.at(-1); if (last && p.t - last[1] <= STEP) last[1] = p.t; else bands.push([p.t, p.t]); }
  const box = svg(`<defs>${rampMarkup(id, y)}</defs>` + bands.map(([a, b]) => `<rect x="${x(a).toFixed(1)}" y="${y(1)}" width="${Math.max(1, x(b) - x(a)).toFixed(1)}" height="${y(-1) - y(1)}" fill="var(--usual-band)"/>`).join('') +
    lineMarkup(pts, x, y, STEP, id, 1.6), { width, height: TALL, role: 'img' });
  const named = tagsOf(day).map(({ t_ms, kind }) => `${kindName(kind)} ${clock(t_ms)}`).join(', ');
  box.setAttribute('aria-label', `${t('week.row', { day: weekday(day.from_ms), n: day.moments })}${named ? ` ${t('week.tags', { tags: named })}` : ''}`);
  const marked = tagsOf(day).toSorted((a, b) => a.t_ms - b.t_ms), places = apart(marked.map(({ t_ms }) => x(t_ms) - ICON / 2), width - ICON);
  marked.forEach(({ kind }, i) => {
    const mark = glyph(kind, ICON);
    mark.setAttribute('x', places[i].toFixed(1)); mark.setAttribute('y', -2);
    box.append(mark);
  });
  return box;
}

/** A table of days, the newest last; each day opens by its name; `legend`: what grey and empty mean. `redraw` fits it to the width it has got. */
export function weekTable(days, hours = hoursOf(days)) {
  const rows = days.map(day => {
    const name = weekdayShort(day.from_ms), cell = h('td.mini', {});
    return { day, cell, row: h('tr', {}, h('th', { scope: 'row' }, h('a', { href: `/?day=${day.day}`, title: dayAndMonth(day.from_ms) }, name, h('span.sr', {}, `, ${dayAndMonth(day.from_ms)}`))),
      cell, h('td.r', {}, day.worn_h >= .5 ? t('week.hours', { n: Math.round(day.worn_h) }) : '–'), h('td.r', {}, day.belonging === null ? '–' : number(day.belonging, 1))) };
  });
  const span = days.length ? t('week.span', { from: clock(days[0].from_ms + hours[0]), to: clock(days[0].from_ms + hours[1]) }) : '';
  const table = h('table.week.num', {}, h('thead', {}, h('tr', {}, h('td', {}), h('th', { scope: 'col' }, span), h('th.r', { scope: 'col' }, t('week.worn')), h('th.r', { scope: 'col' }, t('week.belonging')))),
    h('tbody', {}, rows.map(({ row }) => row)));
  let width = 0;
  const redraw = () => {
    const now = rows[0]?.cell.clientWidth;
    if (!now || now === width) return;
    width = now;
    for (const { day, cell } of rows) cell.replaceChildren(mini(day, hours, Math.max(40, width - 8)));
  };
  const sized = new ResizeObserver(redraw);
  sized.observe(table);
  return { table, legend: h('p.tiny.week-key', {}, t('week.key')), redraw, end: () => sized.disconnect() };
}

/** More than a third by chance is said in words too: more than a third, about half, or most of them. Of one or two nothing more can be said. */
const chanceKey = (n, chance) => chance < .75 ? 'week.sum_few' : n < 3 || chance <= n / 3 ? 'week.sum_chance' : `week.sum_chance_${chance < n * .45 ? 'third' : chance <= n * .6 ? 'half' : 'most'}`;

/** What a stretch of days comes to: hours worn, moments, and what chance alone would show, where that is known. */
export function weekWords(days, chance) {
  const worn = days.reduce((s, day) => s + day.worn_h, 0), n = days.reduce((s, day) => s + day.moments, 0);
  const unknown = chance === null || chance === undefined, moments = t('week.sum_moments', { n });
  return [t('week.sum_worn', { n: Math.round(worn) }), unknown ? moments.replace(/;$/, '.') : moments, unknown ? '' : t(chanceKey(n, chance), { chance: number(Math.round(chance)) })].filter(Boolean).join(' ');
}

/** The Monday, in the wearer's own days, of the week a day is in. Days are names as in 2026-11-29. */
export function mondayOf(day) {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() - (at.getUTCDay() + 6) % 7);
  return at.toISOString().slice(0, 10);
}
export const isWeeksEnd = day => new Date(`${day}T00:00:00Z`).getUTCDay() === 0;

/** Days by week, the newest week first. */
export function byWeek(days) {
  const weeks = new Map();
  for (const day of days) { const monday = mondayOf(day.day); weeks.set(monday, [...(weeks.get(monday) ?? []), day]); }
  return [...weeks].sort(([a], [b]) => (a < b ? 1 : -1));
}
