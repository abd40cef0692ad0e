/* One line a day, and one a week: belonging, and people. Numbers from 0 to 10, unset at first; every one of them may be left out. */
import * as api from './api.js';
import { $$, h, scale, say } from './kit.js';
import { mine, send } from './queue.js';
import { number, t } from './texts.js';
import { isWeeksEnd } from './week.js';

export const DAILY = ['belonging', 'contacts', 'reached_out'], WEEKLY = ['engagement'];

/** The newest value of each kind given since a moment, on the server or waiting here. */
export function given(ratings, rows, from_ms) {
  const all = [...ratings, ...rows.filter(row => row.kind === 'rating').map(row => row.body)].filter(r => !r.prompt_id && api.ms(r.t_ns) >= from_ms);
  return Object.fromEntries(all.sort((a, b) => (BigInt(a.t_ns) > BigInt(b.t_ns) ? 1 : -1)).map(r => [r.kind, r.value]));
}

/** The card. `day` names the local day; `day_from_ms`, `week_from_ms`: where day and week began; `blind(t_ms)`: whether nothing was seen since. */
export function lineCard({ ratings, day, day_from_ms, week_from_ms, blind }) {
  const host = h('section.card.line', { 'aria-labelledby': 'line-head' }), inner = h('div', {});
  host.append(h('h2', { id: 'line-head' }, t('line.head')), inner);
  let kept = ratings, asked = null;                                 // the kinds that are being changed

  function form(kinds, values) {
    const name = kind => `line-${kind}`;
    const none = !kinds.some(kind => kind in values), missing = h('p.tiny', { id: `${name(kinds[0])}-missing`, hidden: !none }, t(kinds.length > 1 ? 'line.missing' : 'line.missing_one'));
    const save = h('button.btn', { type: 'submit', disabled: none, 'aria-describedby': none && missing.id }, t('line.save'));
    const ready = () => { save.disabled = false; save.removeAttribute('aria-describedby'); missing.hidden = true; };
    const el = h('form', { onsubmit: async e => {
      e.preventDefault();
      const now = api.nowNs(), chosen = kinds.map(kind => [kind, $$('input:checked', el).find(i => i.name === name(kind))?.value]).filter(([kind, v]) => v !== undefined && Number(v) !== values[kind]);
      asked = null;
      for (const [kind, value] of chosen) {
        const id = api.uuid(), body = { id, t_ns: now, kind, value: Number(value), blind: blind(api.ms(now)) };
        kept = [...kept, body];
        await send({ kind: 'rating', id, method: 'POST', path: '/ratings', body });
      }
      say(t('line.saved'));
      draw();
      host.querySelector('h2').setAttribute('tabindex', '-1');
      host.querySelector('h2').focus();
    } }, kinds.map(kind => h('fieldset', {}, h('legend', {}, t(`line.${kind}`)),
      scale(name(kind), t(`line.${kind}`), t(`line.${kind}.low`), t(`line.${kind}.high`), values[kind] ?? null, ready))), h('div.save', {}, save, missing));
    return el;
  }

  /** What was saved: each question with its number, and a way to change them. */
  const told = (kinds, values) => [h('dl.told.small', {}, kinds.filter(kind => kind in values).flatMap(kind => [h('dt', {}, t(`line.${kind}`)), h('dd.num', {}, number(values[kind]))])),
    h('p.small.saved', {}, t('line.kept'), ' ', h('button.btn.quiet', { type: 'button', onclick: () => { asked = kinds; draw(); inner.querySelector(`[name=line-${kinds[0]}]`)?.focus(); } }, t('line.change')))];

  function draw() {
    const today = given(kept, mine(), day_from_ms), week = given(kept, mine(), week_from_ms), parts = [];
    const part = (kinds, values, lead) => kinds.some(kind => kind in values) && asked !== kinds ? told(kinds, values) : [lead, form(kinds, asked === kinds ? values : {})];
    parts.push(...part(DAILY, today, h('p.small.lead', {}, t('line.lead'))));
    if (isWeeksEnd(day)) parts.push(h('h3', {}, t('line.week_head')), ...part(WEEKLY, week, ''));
    inner.replaceChildren(...parts);
  }
  draw();
  return { host, read(next) { kept = next; if (!host.contains(document.activeElement) && !host.querySelector('input:checked')) draw(); } };
}
