/* My weeks: what they say first, then the last thirty-five days by week, every day on the same scale and the same hours. */
import * as api from '../api.js';
import { eyes } from '../blind.js';
import { h } from '../kit.js';
import { weeksSaid } from '../said.js';
import { dayAndMonth, t } from '../texts.js';
import { DAYS, byWeek, hoursOf, weekTable, weekWords } from '../week.js';

export async function show(root, app) {
  const host = h('div.weeks', {}), above = h('div', {});
  root.append(h('main.weeks-page', {}, h('div.head', {}, h('h1', {}, t('findings.head')), h('a.btn.quiet', { href: '/' }, t('weeks.back'))), above, host));
  const seen = eyes(app.status.person), ends = [];
  if (app.away) { host.append(h('p.card', {}, t('now.is.away.sub'))); return () => {}; }
  let ended = false, looking = null;
  /** From when on a level has been on this screen, and as long as it is. */
  const saw = () => {
    if (ended) return;
    seen.saw(api.now());
    looking ??= setInterval(() => { if (!document.hidden) seen.saw(api.now()); }, 5000);
  };
  ends.push(() => clearInterval(looking));
  const said = weeksSaid({ app, shown: saw });
  above.append(said.host);
  ends.push(said.end);
  said.read();
  const days = await api.get('/days', { n: DAYS }).catch(error => { end(); throw error; }), first = days.findIndex(day => day.worn_h > 0 || day.tags.length);
  if (first < 0) { host.append(h('p.card', {}, t('weeks.none'))); return end; }
  const shown = days.slice(first), hours = hoursOf(shown);
  saw();
  host.append(h('p.small.lead', {}, t('weeks.lead')));
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
  function end() { ended = true; for (const each of ends) each(); }
  return end;
}
