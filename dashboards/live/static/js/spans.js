/* Which days may be in a report: all, none, or stretches the wearer names. Saved as they are touched, once both ends of each are given. */
import { save } from './choosing.js';
import { $$, chips, h } from './kit.js';
import { t } from './texts.js';

const MOST = 20, DAY = /^\d{4}-\d\d-\d\d$/;
export const HOW = ['all', 'some', 'none'];

/** A choice as pairs of days: "2026-10-16/2026-11-12;..." */
export const pairsOf = value => (value.includes('/') ? value.split(';').map(pair => pair.split('/')) : []);
export const howOf = value => (value.includes('/') ? 'some' : value);
/** What pairs come to as a choice: those that are whole, each with the earlier day first; null where none is. */
export function spansOf(pairs) {
  const whole = pairs.filter(pair => pair.every(day => DAY.test(day))).map(([a, b]) => (a <= b ? `${a}/${b}` : `${b}/${a}`));
  return whole.length ? [...new Set(whole)].sort().slice(0, MOST).join(';') : null;
}

export function reportSpans(app) {
  const key = 'report_spans', host = h('div.spans', {}), list = h('div.stretches', {}), said = h('p.tiny', { role: 'status' });
  let held = app.choices[key], pairs = pairsOf(held), how = howOf(held);
  const keep = async wanted => {
    if (wanted === held) return true;
    if (!await save(app, { [key]: wanted })) { how = howOf(held); pairs = pairsOf(held); draw(); return false; }
    held = wanted;
    said.textContent = t('settings.saved');
    return true;
  };
  const read = () => $$('.stretch', list).map(each => $$('input', each).map(input => input.value));

  function stretch([from, to], i) {
    const day = (end, value) => h('div.field', {}, h('label', { for: `span-${i}-${end}` }, t(`settings.report_${end}`)), h('input', { id: `span-${i}-${end}`, type: 'date', value, onchange: async () => {
      pairs = read();
      const wanted = spansOf(pairs);
      said.textContent = pairs.every(pair => pair.every(Boolean)) ? '' : t('settings.report_both');
      if (wanted) await keep(wanted);
    } }));
    return h('div.stretch', { role: 'group', 'aria-label': t('settings.report_stretch', { i: i + 1 }) }, day('from', from), day('to', to),
      pairs.length > 1 ? h('button.btn.quiet', { type: 'button', onclick: async () => { pairs = read().filter((_, k) => k !== i); const wanted = spansOf(pairs); if (!wanted || await keep(wanted)) draw(); $$('input', list)[0]?.focus(); } }, t('settings.report_remove')) : '');
  }

  function draw() {
    for (const input of $$('input[type=radio]', host)) input.checked = input.value === how;
    list.replaceChildren(...(how === 'some' ? [...pairs.map(stretch), pairs.length < MOST ? h('button.btn.quiet', { type: 'button', onclick: () => { pairs = [...read(), ['', '']]; draw(); $$('input', list).at(-2).focus(); } }, t('settings.report_add')) : ''] : []));
  }

  host.append(h('fieldset', {}, h('legend', {}, t('settings.report_spans')), chips(key, HOW.map(id => [id, t(`settings.report_spans_${id}`)]), { type: 'radio', chosen: [how], onchange: async e => {
    how = e.target.value;
    said.textContent = '';
    if (how === 'some') { if (!pairs.length) pairs = [['', '']]; draw(); said.textContent = t('settings.report_both'); return; }
    await keep(how);
    draw();
  } })), list, said, h('p.small', {}, t('settings.report_spans_text')));
  draw();
  return host;
}
