/* Weeks: the last thirty-five days by week, every day on the same scale and the same hours. */
import * as api from '../api.js';
import { eyes } from '../blind.js';
import { h } from '../kit.js';
import { dayAndMonth, t } from '../texts.js';
import { DAYS, byWeek, hoursOf, weekTable, weekWords } from '../week.js';

export async function show(root, app) {
  const host = h('div.weeks', {});
  root.append(h('main.weeks-page', {}, h('div.head', {}, h('h1', {}, t('weeks.head')), h('a.btn.quiet', { href: '/' }, t('weeks.back'))), h('p.small.lead', {}, t('weeks.lead')), host));
  const seen = eyes(app.status.person), ends = [];
  if (app.away) { host.append(h('p.card', {}, t('now.is.away.sub'))); return () => {}; }
  const days = await api.get('/days', { n: DAYS }), first = days.findIndex(day => day.worn_h > 0 || day.tags.length);
  if (first < 0) { host.append(h('p.card', {}, t('weeks.none'))); return () => {}; }
  const shown = days.slice(first), hours = hoursOf(shown);
  let ended = false;
  const looked = setInterval(() => { if (!document.hidden) seen.saw(api.now()); }, 5000);
  seen.saw(api.now());
  ends.push(() => clearInterval(looked));
  const asked = [];
  byWeek(shown).forEach(([, of_week], i) => {
    const table = weekTable(of_week, hours), sum = h('p.small', {}, weekWords(of_week, null));
    host.append(h('section.card', { 'aria-labelledby': `week-${i}` }, h('h2', { id: `week-${i}` }, i === 0 ? t('weeks.this') : i === 1 ? t('weeks.last') : t('weeks.from', { from: dayAndMonth(of_week[0].from_ms), to: dayAndMonth(of_week.at(-1).from_ms) })), sum, table.table, i === 0 ? table.legend : ''));
    table.redraw();
    ends.push(table.end);
    asked.push([of_week, sum]);
  });
  (async () => {
    for (const [of_week, sum] of asked) {
      if (ended) return;
      const { chance_expected } = await api.get('/episodes', { from_ms: of_week[0].from_ms, to_ms: of_week.at(-1).to_ms });
      sum.textContent = weekWords(of_week, chance_expected);
    }
  })().catch(() => { /* the rows stand without what chance would show */ });
  return () => { ended = true; for (const end of ends) end(); };
}
