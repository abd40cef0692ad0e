/* Why was I asked, or not? The ledger of prompts in words, a day at a time. Rows that chance decided stay without their reason for a
   while: who reads "chance left this one out" before the question ten minutes later would answer another question. */
import { get, now } from '../api.js';
import { eyes } from '../blind.js';
import { dayFrom } from '../choosing.js';
import { h } from '../kit.js';
import { clock, dayAndMonth, daysOn, t, weekday } from '../texts.js';

const DAY_MS = 86_400_000;
/** As long as a row may still be answered, its rating ten minutes later too. */
export const HOLD_MS = 31 * 60_000, LOOK_MS = 5000;
/** Reasons of a row that began with a question instead of an offer. */
const ASK_FIRST = ['no_motion', 'eager'];
/** Reasons that speak of a row before. */
const FOLLOWS = ['cooldown', 'cap'];
const asked = row => row.asked ?? (row.eligible && (row.arm === 'offer' || ASK_FIRST.includes(row.reason)));
/** From so many in a row with the same reason, one line stands for all. */
const RUN = 3;

export async function show(root, app) {
  const list = h('div.days'), earlier = h('button.btn', { type: 'button', onclick: () => before() }, t('why.earlier'));
  const share = h('div.share');
  root.replaceChildren(h('main.ask.narrow', {}, h('section.card', {}, h('h1', {}, t('why.title')), h('p.small', {}, t('why.intro')), share, list,
    h('div.stack', {}, earlier, h('a.btn', { href: '/settings#asking' }, t('why.change'))))));

  const today = () => dayFrom(app);
  let from = today(), gone = false;

  async function day(from_ms) {
    const rows = await get('/prompts', { from_ms, to_ms: daysOn(from_ms, 1) });
    const section = h('section', { 'data-from': from_ms }, h('h2', {}, title(from_ms)), ...drawn(rows, app, from_ms === today()));
    return section;
  }

  function title(from_ms) {
    const day_ms = from_ms + DAY_MS / 2;
    return t(from_ms === today() ? 'why.today' : 'why.day', { weekday: weekday(day_ms), date: dayAndMonth(day_ms) });
  }

  async function before() {
    earlier.disabled = true;
    from = daysOn(from, -1);
    try {
      const section = await day(from);
      list.append(section);
      const heading = section.querySelector('h2');
      heading.tabIndex = -1; heading.focus({ preventScroll: true }); section.scrollIntoView({ block: 'nearest' });
    } catch (error) { from = daysOn(from, 1); app.tell(error.what || t('common.not_reached')); }
    earlier.disabled = false;
  }

  async function again() {
    const section = await day(today());
    if (gone) return;
    const old = list.querySelector(`[data-from="${section.dataset.from}"]`);
    if (old) old.replaceWith(section); else list.prepend(section);
  }

  share.replaceChildren(h('p', {}, t(app.choices.randomised === 'yes' ? 'why.share_yes' : 'why.share_no')), h('p', {}, t('why.random')),
    app.choices.consent_measure !== 'yes' ? h('p', {}, t('why.not_agreed')) : app.choices.prompt_mode === 'never' || app.choices.prompt_cap === '0' ? h('p', {}, t('why.off')) : '');
  const seen = eyes(app.status.person);
  /** Rows say when one had risen: who reads them has seen. */
  const look = () => { if (!gone && !document.hidden && list.isConnected && list.querySelector('li')) seen.saw(now()); };
  await again();
  look();
  const looking = setInterval(look, LOOK_MS);
  document.addEventListener('visibilitychange', look);
  let timer;
  const listen = event => { if (event === 'prompt' || event === 'changed' || event === 'open') { clearTimeout(timer); timer = setTimeout(() => again().catch(() => {}), 400); } };
  app.listeners.add(listen);
  return () => { gone = true; clearTimeout(timer); clearInterval(looking); document.removeEventListener('visibilitychange', look); app.listeners.delete(listen); };
}

/** What stands under a day: rows, runs of the same reason as one, or a sentence when there is nothing. */
function drawn(rows, app, isToday) {
  const { listed, held } = heldBack(rows, now());
  if (!listed.length) return [h('p.small', {}, t(isToday ? 'why.none_today' : 'why.none'))];
  const runs = [];
  for (const row of listed) {
    const last = runs.at(-1);
    if (last && !asked(row) && !asked(last[0]) && last[0].reason === row.reason && last[0].arm === row.arm) last.push(row); else runs.push([row]);
  }
  return [h('ul.list', {}, runs.flatMap(run => run.length >= RUN ? [line(run, held, app, isToday)] : run.map(row => line([row], held, app, isToday))))];
}

/** Which rows are listed, newest first, and which of them without their reason. One that says it was asked shortly before, or often enough,
    would tell of the row it follows: its reason is held with that row's, and it is left out with one that is left out. */
export function heldBack(rows, now_ms) {
  const newest = [...rows].sort((a, b) => b.t_ms - a.t_ms), held = new Set(), out = new Set();
  const open = newest.filter(row => row.t_ms > now_ms - HOLD_MS && (asked(row) || row.arm === 'withheld'));
  for (const row of newest) {
    const of = open.includes(row) ? row : FOLLOWS.includes(row.reason) && open.find(each => each.t_ms <= row.t_ms);
    if (!of) continue;
    held.add(row);
    if (!asked(of)) out.add(row);
  }
  return { listed: newest.filter(row => !out.has(row)), held };
}

function line(run, held, app, isToday) {
  const [row] = run, last = run.at(-1);
  const head = asked(row) ? t('why.asked') : run.length > 1 ? t('why.not_asked_times', { n: run.length, from: clock(last.t_ms) }) : t('why.not_asked');
  return h('li.when', {}, h('time', { datetime: new Date(row.t_ms).toISOString() }, clock(row.t_ms)), h('b', {}, head),
    h('small', {}, held.has(row) ? t('why.held') : reason(row, app, isToday)), came(row, held));
}

/** Why, in words. */
function reason(row, app, isToday) {
  if (asked(row)) {
    const risen = ASK_FIRST.includes(row.reason) ? `why.by_rise_${row.reason}` : row.probability < 1 ? 'why.by_rise_and_chance' : 'why.by_rise';
    const why = t(row.trigger === 'random' ? 'why.by_random' : risen);
    const drawn = ASK_FIRST.includes(row.reason) && row.probability < 1 && { withheld: 'why.withheld_after', offer: 'why.offered_after' }[row.arm];
    return drawn ? `${why} ${t(drawn)}` : why;
  }
  if (row.arm === 'withheld') return t(row.trigger === 'random' ? 'why.withheld_random' : 'why.withheld');
  if (isToday && row.reason === 'quiet_hours') return t('why.quiet_until', { until: app.choices.quiet_to });
  const key = `reason.${row.reason}`, said = t(key);
  return said === key ? t('why.unsaid') : said;
}

/** What came of it, when something did. */
function came(row, held) {
  if (!asked(row) || (!row.answer && held.has(row))) return null;
  if (!row.answer || row.answer === 'expired') return h('small', {}, t(row.shown_ms ? 'why.unanswered' : 'why.unseen'));
  const key = `why.answer_${row.answer}`, said = t(key);
  return said === key ? null : h('small', {}, said);
}
