/* One line a day, and one a week: belonging, and people. Numbers from 0 to 10, unset at first; every one of them may be left out. */
import * as api from './api.js';
import { $$, h, scale, say } from './kit.js';
import { mine, send } from './queue.js';
import { t } from './texts.js';
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
  let kept = ratings, asked = false;

  function form(kinds, values) {
    const name = kind => `line-${kind}`;
    const save = h('button.btn', { type: 'submit', disabled: true }, t('line.save'));
    const el = h('form', { onsubmit: async e => {
      e.preventDefault();
      const now = api.nowNs(), chosen = kinds.map(kind => [kind, $$('input:checked', el).find(i => i.name === name(kind))?.value]).filter(([, v]) => v !== undefined);
      asked = false;
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
      scale(name(kind), t(`line.${kind}`), t(`line.${kind}.low`), t(`line.${kind}.high`), values[kind] ?? null, () => { save.disabled = false; }))), h('div.save', {}, save));
    return el;
  }

  function draw() {
    const today = given(kept, mine(), day_from_ms), week = given(kept, mine(), week_from_ms), parts = [];
    const said = DAILY.filter(kind => kind in today);
    if (said.length && !asked) parts.push(h('p.small', {}, said.map(kind => t(`line.${kind}.said`, { n: today[kind] })).join(' '), ' ', t('line.kept')),
      h('button.btn.quiet', { type: 'button', onclick: () => { asked = true; draw(); } }, t('line.change')));
    else parts.push(h('p.small.lead', {}, t('line.lead')), form(DAILY, asked ? today : {}));
    if (isWeeksEnd(day)) {
      parts.push(h('h3', {}, t('line.week_head')));
      parts.push('engagement' in week ? h('p.small', {}, t('line.engagement.said', { n: week.engagement }), ' ', t('line.kept')) : form(WEEKLY, {}));
    }
    inner.replaceChildren(...parts);
  }
  draw();
  return { host, read(next) { kept = next; if (!host.contains(document.activeElement) && !host.querySelector('input:checked')) draw(); } };
}
