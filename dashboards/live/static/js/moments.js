/* Moments that stood out: when, how long, in which words, what they may belong to, and one question that may stay unanswered. */
import { glyph, h, kindName, level, svg } from './kit.js';
import { lineMarkup, rampMarkup, short } from './look.js';
import { MINUTE, drawn } from './points.js';
import { STEP, outcomeScale } from './outcome.js';
import { mine, send } from './queue.js';
import { unlessEcho } from './taps.js';
import * as api from './api.js';
import { clock, number, t } from './texts.js';

const W = 104, H = 52, ASKED = ['conflict', 'criticism', 'rejection', 'ignored', 'connection', 'support'];
/** Answers that are no tag: sent, and kept on this device too until the server says them, so that the same is not asked again here. */
export const NO_TAG = ['nothing', 'moving', 'unknown'];

function spark(e, points, step_ms) {
  const from = e.start_ms - 15 * MINUTE, to = e.start_ms + 50 * MINUTE, x = ms => (ms - from) / (to - from) * W, y = z => 2 + (4 - z) / 6 * (H - 4), id = `spark-${e.id}`;
  return svg(`<defs>${rampMarkup(id, y)}</defs><rect y="${y(1)}" width="${W}" height="${y(-1) - y(1)}" fill="var(--usual-band)"/>${lineMarkup(points.filter(p => p.t > from && p.t < to), x, y, step_ms, id, 2)}`,
    { width: W, height: H, 'aria-hidden': 'true' });
}

/** How long: "26 min", "not over yet", "not seen to the end". */
export const lengthWords = e => e.stop_ms === null ? t(e.truncated ? 'moments.cut' : 'moments.open') : e.truncated ? t('moments.over', { span: short((e.stop_ms - e.start_ms) / MINUTE) }) : short((e.stop_ms - e.start_ms) / MINUTE);

/** Whether more than half of a moment is drawn, not judged. */
export function unjudged(e, points, now_ms) {
  const known = points.filter(p => p.t >= e.start_ms && p.t <= (e.stop_ms ?? now_ms)).map(drawn).filter(how => how !== 'none');
  return known.filter(how => how !== 'ok').length > known.length / 2;
}

/** What the person said of a moment: in this page, then what still waits here, then what the server knows, then what this device kept. A tag is
    known by its id on this device alone, and says more than a word. `told` are the answers of this page, null where one is being changed. */
export function saidOf(e, { told, kept, rows, isTag }) {
  if (told.has(e.id)) return told.get(e.id);
  if (kept[e.id] && isTag(kept[e.id])) return kept[e.id];
  return rows.findLast(row => row.kind === 'answers' && row.body?.episode_id === e.id)?.body.answer || e.said || kept[e.id] || null;
}

export function words(e, now_ms) {
  const gate = t(`gate.${e.gate}`), said = e.kind === 'slowing' ? t('moments.slower', { gate }) : e.kind === 'elevated' ? t('moments.longer', { gate }) : t('moments.said', { level: t(`level.${level(e.peak_z)}`), gate });
  if (e.kind !== 'spike') return said;
  if (e.half_min !== null && e.half_min !== undefined) return `${said} ${t('moments.half', { span: short(Math.max(1, e.half_min)) })}`;
  if (e.truncated) return `${said} ${t('moments.half_cut')}`;
  return `${said} ${t(now_ms - e.peak_ms < 60 * MINUTE ? 'moments.settling' : 'moments.half_never')}`;
}

const store = person => `somalink.moments.${person}`;
export const answers = person => { try { return JSON.parse(localStorage.getItem(store(person))) ?? {}; } catch { return {}; } };
function remember(person, id, answer) {
  const kept = { ...answers(person) };
  if (answer) kept[id] = answer; else delete kept[id];
  try { localStorage.setItem(store(person), JSON.stringify(Object.fromEntries(Object.entries(kept).slice(-200)))); } catch { /* asked again next time */ }
}

/** The card. `tag(kind, moment)` makes a tag for a moment and gives it; `another(moment)` opens all kinds; `tags()` are those there are;
    `outcome`: what planned steps came to. */
export function momentsCard({ person, tag, another, tags, outcome }) {
  const list = h('ol.moments', {}), chance = h('p.tiny.chance', {});
  const host = h('section.card', { 'aria-labelledby': 'moments-head' }, h('h2', { id: 'moments-head' }, t('moments.head')), list, chance);
  const told = new Map();
  let last = null, shown = '';

  async function answer(e, what) {
    told.set(e.id, what);
    if (what) remember(person, e.id, what);
    draw(last);
    host.querySelector(`[data-moment="${e.id}"] .after`)?.focus();
    if (NO_TAG.includes(what)) await send({ kind: 'answers', id: api.uuid(), method: 'POST', path: '/answers', body: { episode_id: e.id, answer: what, said_at_ns: api.nowNs() } });
  }
  const chip = (e, kind) => h('button.chip', { type: 'button', onclick: unlessEcho(async () => { const made = await tag(kind, e); answer(e, made.id); }) }, glyph(kind, 22), kindName(kind));

  /** After a planned step: how much of what was feared did happen. Unset at first, and never owed. */
  function cameTo(event) {
    if (event?.kind !== STEP) return null;
    const value = outcome.of(event.id), name = `outcome-${event.id}`;
    return h('details.ask.outcome', {}, h('summary.btn', {}, value === null ? t('tags.outcome') : t('moments.outcome', { n: value })), outcomeScale(name, value, e => { if (Number(e.target.value) !== outcome.of(event.id)) outcome.rate(event.id, Number(e.target.value)); }));
  }

  function match(e) {
    const all = tags(), linked = e.links.filter(l => l.verdict !== 'none').sort((a, b) => b.probability - a.probability)[0], event = linked && all.find(each => each.id === linked.event_id);
    if (event) {
      const given = { kind: kindName(event.kind), when: clock(api.ms(event.t_ns)), n: Math.round(linked.probability * 10) };
      return [h('p.match', {}, glyph(event.kind, 28), h('span', {}, t(linked.verdict === 'linked' ? 'moments.linked' : 'moments.possible', given))), linked.verdict === 'linked', linked.verdict === 'linked' ? event : null];
    }
    return [null, false, null];
  }

  const saidNow = e => saidOf(e, { told, kept: answers(person), rows: mine(), isTag: id => tags().some(each => each.id === id) });
  function asking(e) {
    const said = saidNow(e), event = said && tags().find(each => each.id === said);
    if (said && (event || NO_TAG.includes(said))) {
      const words_said = event ? t('moments.tagged', { kind: kindName(event.kind) }) : t(`moments.answered.${said}`);
      return h('p.match.after', { tabindex: '-1' }, event ? glyph(event.kind, 28) : null, h('span', {}, words_said), event ? null : h('button.btn.quiet', { type: 'button', onclick: () => answer(e, null) }, t('moments.change')));
    }
    return h('details.ask', {}, h('summary.btn.after', {}, t('moments.ask')), h('div.chips', {}, ASKED.map(kind => chip(e, kind)),
      h('button.chip', { type: 'button', onclick: () => another(e, made => answer(e, made.id)) }, t('moments.another')),
      NO_TAG.map(what => h('button.chip', { type: 'button', onclick: () => answer(e, what) }, t(`moments.no_tag.${what}`)))));
  }

  const why = e => h('details.why', {}, h('summary', {}, t('moments.why')), h('p.small', {}, t(`moments.why.${e.kind}`), ' ', e.chance_per_h ? t('moments.why.chance', { n: number(e.chance_per_h * 10, 1) }) : '', ' ',
    e.gate === 'unknown' ? t('moments.why.movement') : '', ' ', e.links.some(l => l.verdict !== 'none') ? t('moments.why.link') : ''));

  function draw(model) {
    last = model;
    const { episodes, points, step_ms, now_ms, judged, chance_expected, usable_h } = model;
    const shape = JSON.stringify([judged, episodes, chance_expected, episodes.map(e => [saidNow(e), unjudged(e, points, now_ms)]), tags().map(e => [e.id, e.kind, e.revision, e.kind === STEP ? outcome.of(e.id) : null])]) + (episodes.some(e => e.stop_ms === null || now_ms - e.start_ms < 50 * MINUTE) ? Math.floor(now_ms / MINUTE) : '');
    if (shape === shown) return;
    shown = shape;
    const open = new Set([...list.querySelectorAll('details[open]')].map(d => d.closest('li').dataset.moment + d.className)), focused = document.activeElement, held = list.contains(focused) ? focused.closest('li')?.dataset.moment : null;
    const hint = held && [...list.querySelectorAll(`[data-moment="${held}"] :is(button, summary)`)].indexOf(focused);
    list.replaceChildren(...episodes.map((e, i) => {
      const [matched, sure, event] = match(e), step = cameTo(event ?? tags().find(each => each.id === saidNow(e)));
      return h('li.ep', { 'data-moment': e.id }, h('h3.num', {}, `${i + 1}\u2002${clock(e.start_ms)} `, h('span', {}, `· ${lengthWords(e)}`)), spark(e, points, step_ms), h('p.small', {}, words(e, now_ms), unjudged(e, points, now_ms) ? ` ${t('moments.partly')}` : ''), sure ? null : matched, h('div.asks.full', {}, sure ? matched : asking(e), step, why(e)));
    }).reverse());
    for (const d of list.querySelectorAll('details')) d.open = open.has(d.closest('li').dataset.moment + d.className);
    if (held && hint >= 0) list.querySelectorAll(`[data-moment="${held}"] :is(button, summary)`)[hint]?.focus({ preventScroll: true });
    if (!judged) list.replaceChildren(h('li.small', {}, t('moments.learning')));
    else if (!episodes.length) list.replaceChildren(h('li.small', {}, t(model.today ? 'moments.none_today' : 'moments.none')));
    chance.hidden = !judged || chance_expected === null || chance_expected === undefined || !episodes.length;
    if (!chance.hidden) chance.textContent = t(chance_expected < .75 ? 'moments.chance_few' : 'moments.chance', { hours: number(usable_h, 1), chance: number(Math.round(chance_expected)) });
  }
  return { host, draw };
}
