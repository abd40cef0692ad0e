/* Tags: one tap saves the kind with its time; everything else is optional, in any order, and can come later. Kept on this device first. */
import * as api from './api.js';
import { blindAt, stillBlind } from './blind.js';
import { $, $$, GLYPHS, KINDS, chips, glyph, h, kindName, scale, svg } from './kit.js';
import { changes, mostUsed, overlay } from './merge.js';
import { STEP, outcomeScale } from './outcome.js';
import { mine, queue, send } from './queue.js';
import { saved, unlessEcho } from './taps.js';
import { clock, fromLocal, local, t } from './texts.js';

export const MANY = { sensations: ['racing_heart', 'fluttering_chest', 'tight_chest', 'tight_jaw', 'muscle_tension', 'headache', 'stomach', 'heat', 'cold', 'shaking', 'numbness', 'fatigue', 'warmth', 'other'],
  with_whom: ['partner', 'family', 'friend', 'work', 'group', 'stranger', 'online', 'other'],
  context: ['talking', 'moving', 'caffeine', 'alcohol', 'unwell', 'tired', 'medication_change'] };
export const ONE = { action: ['approached', 'stayed', 'paused', 'left', 'avoided'], theme: ['ridicule', 'abandonment', 'invisibility', 'blame', 'failure', 'other'],
  need: ['reassurance', 'clarity', 'space', 'respect', 'company', 'care', 'other'] };
const SCALES = ['distress', 'belonging', 'expectancy'];
export const CERTAINTIES_S = [60, 300, 900, 2700];
export const PART_OF_DAY_S = 10800;
const PARTS = { night: [0, 6], morning: [6, 12], afternoon: [12, 18], evening: [18, 24] };
const USUAL = ['conflict', 'criticism', 'ignored', 'connection', 'rejection', 'exclusion', 'boundary', 'support', 'reaching_out', 'group', 'exposure_step', 'other'];
const MINUTE = 60_000, TOAST_MS = 12_000, FRESH_MS = 10 * MINUTE;

export const hourOf = ms => local(ms).getUTCHours();
export const partOf = ms => Object.keys(PARTS).find(part => hourOf(ms) < PARTS[part][1]);
/** When a tag was, in words: a time, or a part of the day when no better is known. */
export const whenWords = event => event.certainty_s >= PART_OF_DAY_S ? t(`tags.part.${partOf(api.ms(event.t_ns))}`) : clock(api.ms(event.t_ns));

/** A moment of the local day of `ms` at hour and minute, in ms. */
export const localAt = (ms, hour, minute = 0) => { const day = local(ms); day.setUTCHours(hour, minute, 0, 0); return fromLocal(day); };

/** Radios that can be taken back: a tap on the chosen one, or Delete on it, leaves nothing chosen. */
function takeBack(root) {
  let was = null;
  const clear = input => { input.checked = false; input.dispatchEvent(new Event('change', { bubbles: true })); };
  const inputOf = e => e.target.closest('label')?.querySelector('input[type=radio]');
  root.addEventListener('pointerdown', e => { const input = inputOf(e); was = input?.checked ? input : null; });
  root.addEventListener('click', e => { if (e.target.type === 'radio' && e.target === was) { was = null; clear(e.target); } });
  root.addEventListener('keydown', e => { if (['Delete', 'Backspace'].includes(e.key) && e.target.type === 'radio' && e.target.checked) { e.preventDefault(); clear(e.target); } });
}

/** A kind to tap. What is read aloud is its plain name; what is seen may be broken at a soft hyphen. */
export const tile = (kind, onclick) => h('button.kind', { type: 'button', 'data-kind': kind, onclick: unlessEcho(onclick) }, glyph(kind, 36), h('span', { 'aria-hidden': 'true' }, t(`tags.tile.${kind}`)), h('span.sr', {}, kindName(kind)));

/** Tags that this device could not even keep, by id, as they would be sent: in the list as that, until another try or until they are let go. */
const unkept = new Map();

/** Everything about tags on one page. `outcome`: what planned steps came to (`outcome.js`); `seen`: the eyes of `blind.js`; `changed()` after each change of the list; `looked()` when the first
    screen gives way to the page. */
export function tagging(app, { seen, changed, looked = () => {}, outcome }) {
  let events = [], about = null, forMoment = null, first = false, hide;
  const now = () => Math.floor(api.now());
  const look = () => { if (seen.looking()) seen.saw(api.now()); };
  const coming = new Set();                                  // tapped, and on its way into the queue: some milliseconds
  const all = () => overlay(events, [...coming, ...unkept.values(), ...mine()]);
  const name = app.status.display_name ?? '';
  const used = `somalink.used.${app.status.person}`;

  /* ---- saving ------------------------------------------------------------------------------------------------------------------------- */
  async function save(kind, { t_ms = now(), certainty_s = 60 } = {}) {
    saved();
    look();
    const id = api.uuid(), blind = blindAt(t_ms, seen.seen_ms);
    const body = { id, kind, t_ns: api.ns(t_ms), made_at_ns: api.nowNs(), certainty_s, blind };
    const job = { kind: 'event', id, method: 'POST', path: '/events', body };
    coming.add(job);
    await keep(job);
    return body;
  }
  /** Says that it is saved once it is kept, and not before. */
  async function keep(job) {
    const { id, body: { kind, t_ns } } = job, t_ms = api.ms(t_ns);
    try {
      const { done } = await send(job);
      unkept.delete(id);
      toast(id, kind, t_ms, queue().store.lasting ? 'saved' : 'kept_page');
      done.then(({ state }) => toast(id, kind, t_ms, state !== 'kept' ? 'saved' : queue().store.lasting ? 'kept_here' : 'kept_page', true));
    } catch {
      unkept.set(id, { ...job, unkept: true });
      toast(id, kind, t_ms, 'not_kept');
    } finally { coming.delete(job); changed(); }
  }
  /** Only what the person changed of what they saw (`before`): what came from elsewhere meanwhile is not their edit. */
  async function edit(id, fields, before = all().find(e => e.id === id)) {
    const changed_fields = before && changes(before, fields);
    if (!before || !Object.keys(changed_fields).length) return;
    look();
    if ('t_ns' in changed_fields && before.blind) changed_fields.blind = stillBlind(before.blind, api.ms(changed_fields.t_ns), seen.seen_ms);
    if (unkept.has(id)) { Object.assign(unkept.get(id).body, changed_fields); changed(); return; }
    const base = Object.fromEntries(Object.keys(changed_fields).map(key => [key, before[key]]));
    await send({ kind: 'event', id, method: 'PUT', path: `/events/${id}`, body: { revision: before.revision, made_at_ns: api.nowNs(), ...changed_fields }, base });
    changed();
  }
  async function remove(id) {
    const event = all().find(e => e.id === id);
    if (!unkept.delete(id) && !await queue().withdraw(id)) await send({ kind: 'event', id, method: 'DELETE', path: `/events/${id}`, query: { revision: event?.revision ?? 1 }, made_at_ns: api.nowNs() });
    events = events.filter(e => e.id !== id);
    changed();
  }

  /* ---- the toast ---------------------------------------------------------------------------------------------------------------------- */
  const toastSaid = h('span', { role: 'status' });
  let toastId = null;
  const toastBox = h('div.toast', { hidden: true, role: 'group', 'aria-label': t('tags.just_saved') }, toastSaid, h('span.acts', {},
    h('button.btn.quiet', { type: 'button', onclick: () => openFields(toastId) }, t('tags.add_more')),
    h('button.btn.quiet', { type: 'button', onclick: async () => { const id = toastId; toastBox.hidden = true; await remove(id); back(); } }, t('tags.undo'))));
  const back = () => ($(`.dock .kind`)?.offsetParent ? $('.dock .kind') : $('.tagcard .kind'))?.focus({ preventScroll: true });
  /** `what`: saved, kept_here, kept_page or not_kept. `again`: only to say it otherwise while it is still there. */
  function toast(id, kind, t_ms, what, again = false) {
    if (again && (toastId !== id || toastBox.hidden)) return;
    toastId = id;
    const said = `${kindName(kind)}, ${clock(t_ms)}. ${t(`tags.${what}`)}`;
    toastBox.hidden = false;
    if (toastSaid.textContent !== said) toastSaid.textContent = said;
    clearTimeout(hide);
    hide = setTimeout(function away() { if (toastBox.matches(':hover, :focus-within')) hide = setTimeout(away, 3000); else toastBox.hidden = true; }, TOAST_MS);
  }

  /* ---- the sheet: kinds, or fields of one tag -------------------------------------------------------------------------------------------- */
  const title = h('h2', { id: 'sheet-title', tabindex: '-1' }), under = h('p.small', {}), mark = h('span.mark', { 'aria-hidden': 'true' });
  const body = h('div.fields', {});
  const dialog = h('dialog.sheet', { 'aria-labelledby': 'sheet-title' }, h('form', { method: 'dialog' }, h('div.title', {}, mark, h('div', {}, title, under)), body));
  takeBack(dialog);
  dialog.addEventListener('close', () => {
    if (about) { const seen_as = about, fields = read(); cameTo(seen_as.id); about = null; edit(seen_as.id, fields, seen_as); }
    if (first) { first = false; dialog.classList.remove('first'); looked(); }
    forMoment = null;
  });
  dialog.addEventListener('click', e => { if (e.target === dialog && !first) dialog.close(); });
  dialog.addEventListener('cancel', e => { if (first) e.preventDefault(); });

  const pickOne = async kind => { const moment = forMoment; forMoment = null; const made = moment?.save(kind) ?? save(kind); dialog.close(); await made; };
  /** The twelve kinds. `asFirst`: before anything of today is seen. `moment`: { save(kind), said } for one that stood out. */
  function openKinds({ asFirst = false, moment = null } = {}) {
    about = null; forMoment = moment; first = asFirst;
    toastBox.hidden = true;
    dialog.classList.toggle('first', first);
    mark.replaceChildren();
    title.textContent = moment ? moment.said : t('tags.what');
    under.textContent = t('tags.one_tap') + (name ? ` ${t('tags.for', { name: name.replace(/\.$/, '') })}` : '');
    body.replaceChildren(h('div.kinds', {}, KINDS.map(kind => tile(kind, () => pickOne(kind)))),
      first ? h('button.btn.quiet.look', { type: 'button', onclick: () => dialog.close() }, t('tags.see_today')) : h('button.btn.quiet.look', { type: 'button', onclick: () => dialog.close() }, t('tags.close')));
    dialog.showModal();
    dialog.scrollTop = 0;
    title.focus({ preventScroll: true });
  }

  const legend = key => h('legend', {}, t(`tags.${key}`), t(`tags.${key}.hint`) !== `tags.${key}.hint` ? h('span', {}, ` ${t(`tags.${key}.hint`)}`) : null);
  const words = (key, ids) => ids.map(id => [id, t(`${key}.${id}`)]);
  const field = (key, ...inside) => h('fieldset', {}, legend(key), ...inside);
  const many = (e, key) => field(key, chips(`f-${key}`, words(key, MANY[key]), { chosen: e[key] ?? [] }));
  const one = (e, key) => field(key, chips(`f-${key}`, words(key, ONE[key]), { type: 'radio', chosen: [e[key]] }));
  const zeroTen = (e, key) => field(key, scale(`f-${key}`, t(`tags.${key}`), t(`tags.${key}.low`), t(`tags.${key}.high`), e[key] ?? null));

  function when(e) {
    const made = api.ms(e.made_at_ns), at_ms = api.ms(e.t_ns), fresh = now() - made < FRESH_MS;
    const ago = fresh ? [['0', t('tags.when.now')], ...[5, 15, 45].map(n => [String(n), t('tags.when.ago', { n })])] : [];
    const parts = Object.keys(PARTS).filter(part => localAt(at_ms, PARTS[part][0]) < now()).map(part => [part, t(`tags.part_chip.${part}`)]);
    const input = h('input.time', { type: 'time', 'aria-label': t('tags.when.clock'), value: clock(at_ms), onchange: () => { $$('input[name=f-when]', dialog).forEach(i => { i.checked = false; }); input.dataset.said = 'yes'; } });
    const picked = chips('f-when', [...ago, ...parts], { type: 'radio', chosen: [e.certainty_s >= PART_OF_DAY_S ? partOf(at_ms) : ''] });
    picked.append(h('label.clock', {}, h('span', {}, t('tags.when.at')), input));
    return h('fieldset', {}, legend('when'), picked, h('p.small.sure', { id: 'sure' }, t('tags.sure')),
      chips('f-certainty', CERTAINTIES_S.map(s => [String(s), t('tags.certainty', { n: s / 60 })]), { type: 'radio', chosen: [String(e.certainty_s)] }));
  }

  /** What a planned step came to: a number about the tag, not a field of it. */
  function cameTo(id) { const value = $('input[name=f-outcome]:checked', dialog)?.value; if (value !== undefined && Number(value) !== outcome.of(id)) outcome.rate(id, Number(value)); }
  /** What the sheet says, as fields of a tag. */
  function read() {
    const checked = key => $$(`input[name=f-${key}]:checked`, dialog).map(i => i.value), got = {};
    for (const key of Object.keys(MANY)) got[key] = checked(key);
    for (const key of Object.keys(ONE)) got[key] = checked(key)[0] ?? '';
    for (const key of SCALES) { const value = checked(key)[0]; if ($(`input[name=f-${key}]`, dialog)) got[key] = value === undefined ? null : Number(value); }
    got.spoken = { yes: true, no: false }[checked('spoken')[0]] ?? null;
    const note = $('textarea', dialog);
    if (note) got.note = note.value.trim();
    const made = api.ms(about.made_at_ns), was = api.ms(about.t_ns), picked = checked('when')[0], typed = $('input.time', dialog), sure = checked('certainty')[0];
    let at_ms = null, certainty = null;
    if (picked in PARTS) {
      const [from, to] = PARTS[picked];
      if (!(about.certainty_s >= PART_OF_DAY_S && partOf(was) === picked)) at_ms = Math.min(localAt(was, from) + (to - from) * 30 * MINUTE, now());
      certainty = PART_OF_DAY_S;
    } else if (picked !== undefined) { at_ms = made - Number(picked) * MINUTE; certainty = { 0: 60, 5: 300, 15: 900, 45: 2700 }[picked]; }
    else if (typed?.dataset.said && typed.value && typed.value !== clock(was)) { const [hour, minute] = typed.value.split(':').map(Number); at_ms = localAt(was, hour, minute); if (at_ms > now()) at_ms -= 24 * 60 * MINUTE; certainty = 300; }
    if (at_ms !== null) got.t_ns = api.ns(at_ms);
    if (certainty !== PART_OF_DAY_S && sure && Number(sure) !== about.certainty_s) certainty = Number(sure);
    if (certainty !== null) got.certainty_s = certainty;
    return got;
  }

  /** The optional fields of a tag that there is. */
  function openFields(id) {
    const e = all().find(each => each.id === id);
    if (!e) return;
    about = e; first = false;
    toastBox.hidden = true;
    dialog.classList.remove('first');
    mark.replaceChildren(glyph(e.kind, 44));
    title.textContent = kindName(e.kind);
    under.textContent = t('tags.saved_at', { when: whenWords(e) });
    const kindRow = h('div.kinds.small-kinds', { hidden: true }, KINDS.map(kind => { const b = tile(kind, () => { edit(id, { kind }); title.textContent = kindName(kind); mark.replaceChildren(glyph(kind, 44)); kindRow.hidden = true; swap.focus(); }); return b; }));
    const swap = h('button.btn.quiet.swap', { type: 'button', 'aria-expanded': 'false', onclick: () => { kindRow.hidden = !kindRow.hidden; swap.setAttribute('aria-expanded', String(!kindRow.hidden)); } }, t('tags.other_kind'));
    const step = e.kind === STEP, notes = app.choices.consent_notes === 'yes';
    body.replaceChildren(h('div.swapping', {}, swap, kindRow), when(e), step ? zeroTen(e, 'expectancy') : '', step ? field('outcome', outcomeScale('f-outcome', outcome.of(id))) : '', zeroTen(e, 'distress'), zeroTen(e, 'belonging'), many(e, 'sensations'), one(e, 'action'), many(e, 'with_whom'),
      h('details.more', { open: ['theme', 'need', 'context'].some(key => e[key]?.length) }, h('summary.btn', {}, t('tags.more')), h('div.fields', {}, one(e, 'theme'), h('fieldset', {}, legend('need'), chips('f-need', words('need', ONE.need), { type: 'radio', chosen: [e.need] }),
        h('p.small.sure', {}, t('tags.spoken')), chips('f-spoken', [['yes', t('tags.yes')], ['no', t('tags.no')]], { type: 'radio', chosen: [e.spoken === true ? 'yes' : e.spoken === false ? 'no' : ''] })),
        many(e, 'context'), step ? '' : zeroTen(e, 'expectancy'))),
      notes ? field('note', h('textarea', { 'aria-label': t('tags.note'), maxlength: 8000, value: e.note ?? '' })) : '',
      h('div.end', {}, h('button.btn.quiet', { type: 'button', onclick: () => { about = null; dialog.close(); remove(id); } }, t('tags.delete')), h('button.btn.go', { type: 'submit' }, t('tags.done'))));
    dialog.showModal();
    dialog.scrollTop = 0;
    title.focus({ preventScroll: true });
  }

  /* ---- where one taps --------------------------------------------------------------------------------------------------------------------- */
  const fourth = () => { try { const kept = JSON.parse(localStorage.getItem(used)); if (kept?.every(kind => kind in GLYPHS)) return kept; } catch { /* nothing kept */ } return USUAL.slice(0, 4); };
  const dock = h('div.dock', { role: 'region', 'aria-label': t('tags.dock') });
  function fillDock(kinds) {
    dock.replaceChildren(h('p.tiny', {}, t('tags.dock_words')), ...kinds.map(kind => tile(kind, () => save(kind))),
      h('button.kind.all', { type: 'button', onclick: unlessEcho(() => openKinds()) }, svg('<path d="M7 9h14M7 14h14M7 19h9"/>', { class: 'glyph', viewBox: '0 0 28 28', 'aria-hidden': 'true' }), h('span', {}, t('tags.all'))));
  }
  fillDock(fourth());
  const card = h('section.card.tagcard', { 'aria-labelledby': 'tag-head' }, h('div.head', {}, h('h2', { id: 'tag-head' }, t('tags.head')), h('span.tiny', {}, t('tags.card_tap'))),
    h('div.kinds', {}, KINDS.map(kind => tile(kind, () => save(kind)))));

  /* ---- today's tags ------------------------------------------------------------------------------------------------------------------------ */
  const list = h('ol.tags', {}), parkedBox = h('div', {}), waitBox = h('p.small.waits', { hidden: true });
  const today = h('section.card.todays', { 'aria-labelledby': 'tags-head' }, h('h2', { id: 'tags-head' }, t('tags.today')), waitBox, parkedBox, list);
  function drawList(from_ms, to_ms) {
    const inside = all().filter(e => { const at = api.ms(e.t_ns); return at >= from_ms && at < to_ms; }), n = new Set(mine().filter(row => !row.parked).map(row => row.id)).size;
    waitBox.hidden = !n;
    waitBox.textContent = n ? t('tags.waiting', { n }) : '';
    const parked = mine().filter(row => row.parked);
    const trouble = (said, again, letGo) => h('div.parked', {}, h('p.small', {}, said), h('button.btn.quiet', { type: 'button', onclick: again }, t('tags.try_again')), h('button.btn.quiet', { type: 'button', onclick: letGo }, t('tags.let_go')));
    parkedBox.replaceChildren(...[...unkept.values()].map(job => trouble(`${kindName(job.body.kind)}, ${clock(api.ms(job.body.t_ns))}. ${t('tags.not_kept')}`, () => keep(job), () => remove(job.id))), ...parked.map(row => trouble(t(row.kind === 'event' ? 'tags.parked' : 'tags.parked_other', { kind: row.body?.kind in GLYPHS ? kindName(row.body.kind) : '', what: row.parked.what || String(row.parked.status) }),
      () => queue().retry(row.seq), () => queue().drop(row.seq))));
    const focused = document.activeElement?.closest?.('[data-tag]')?.dataset.tag;
    list.replaceChildren(...inside.map(e => h('li', {}, h('button.tagrow', { type: 'button', 'data-tag': e.id, onclick: () => openFields(e.id) }, glyph(e.kind, 28),
      h('span.kindname', {}, kindName(e.kind), h('span.num', {}, ` · ${whenWords(e)}`), h('span.tiny', {}, rowWords(e))), h('span.edit', { 'aria-hidden': 'true' }, t('tags.edit'))))));
    if (!inside.length) list.replaceChildren(h('li.small', {}, t('tags.none')));
    if (focused) $(`[data-tag="${focused}"]`, list)?.focus({ preventScroll: true });
    today.hidden = !inside.length && !n && !parked.length && !unkept.size;
  }
  const rowWords = e => [e.waiting && t('tags.waits'), e.unkept && t('tags.waits_not'), e.distress !== null && e.distress !== undefined && t('tags.row.distress', { n: e.distress }), e.belonging !== null && e.belonging !== undefined && t('tags.row.belonging', { n: e.belonging }), e.kind === STEP && outcome.of(e.id) !== null && t('tags.row.outcome', { n: outcome.of(e.id) }),
    (e.sensations ?? []).map(id => t(`sensations.${id}`)).join(', '), (e.with_whom ?? []).map(id => t(`with_whom.${id}`)).join(', ')].filter(Boolean).join(' · ');

  const stops = [queue().listen(() => changed()), queue().sent((row, answer) => {          // known here before the list is read again
    if (row.kind !== 'event') return;
    events = events.filter(e => e.id !== row.id);
    if (row.method !== 'DELETE' && answer) events = [...events, answer];
  })];
  return {
    dock, card, today, toastBox, dialog, all, save, edit, remove, openKinds, openFields, drawList,
    get open() { return dialog.open; },
    /** Tags as the server knows them. Which four are docked is remembered for the next visit: a tile must not move under a thumb. */
    read(next) {
      events = next;
      const four = mostUsed(next.filter(e => api.ms(e.t_ns) > now() - 30 * 24 * 60 * MINUTE), USUAL);
      try { localStorage.setItem(used, JSON.stringify(four)); } catch { /* the usual four, next time */ }
    },
    end() { clearTimeout(hide); for (const stop of stops) stop(); if (about && dialog.open) { cameTo(about.id); edit(about.id, read(), about); } about = null; first = false; looked = () => {}; dialog.remove(); },
  };
}
