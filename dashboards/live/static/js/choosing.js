/* What a person chooses, as controls: each is saved as it is touched, and goes back to what it was when the server does not take it. */
import { now, put } from './api.js';
import { $, chips, h } from './kit.js';
import { daysOn, local, t } from './texts.js';

let told = '';

const DAY_MS = 86_400_000;
/** When the wearer's day began, in ms: days change in the small hours, where the server says. */
export const dayFrom = app => daysOn(app.status.day_from_ms, Math.floor((local(now()) - local(app.status.day_from_ms)) / DAY_MS));
export const dayTo = app => daysOn(dayFrom(app), 1);

/** Saves and keeps what holds now in `app.choices`; true when it was taken. `undo` puts the control back. */
export async function save(app, given, undo = () => {}) {
  try {
    app.choices = (await put('/profile', given)).choices;
    if (told && $('#banner').textContent === told) app.tell('');
    told = '';
    return true;
  } catch (error) {
    undo();
    told = error.what || t('settings.not_saved');
    app.tell(told);
    return false;
  }
}

/** A row with a switch (`role: 'switch'`) or a tick: title, what it changes, yes or no. Its texts are `<at>.<key>` and `<at>.<key>_text`. */
export function row(app, key, at, { tick = false, after = () => {} } = {}) {
  const said = t(`${at}.${key}_text`), id = `c-${key}`;
  const input = h('input', {
    type: 'checkbox', role: tick ? undefined : 'switch', checked: app.choices[key] === 'yes', name: key,
    'aria-labelledby': id, 'aria-describedby': said ? `${id}-text` : undefined,
    onchange: async () => {
      const wanted = input.checked;
      if (await save(app, { [key]: wanted ? 'yes' : 'no' }, () => { input.checked = !wanted; })) after(wanted);
    },
  });
  return h('label', {}, h('b', { id }, t(`${at}.${key}`)), input, said && h('small', { id: `${id}-text` }, said));
}

/** One of several, as chips in a fieldset. `words` are [value, text]; nothing is chosen beforehand when `chosen` is no value. */
export function oneOf(app, key, legend, words, { chosen = app.choices[key], hideLegend = false, wide = false, after = () => {} } = {}) {
  let held = chosen;
  const field = h(wide ? 'fieldset.wide' : 'fieldset', {}, h(hideLegend ? 'legend.sr' : 'legend', {}, legend), chips(key, words, {
    type: 'radio', chosen: [chosen],
    onchange: async e => {
      const wanted = e.target.value;
      const undo = () => { for (const each of field.querySelectorAll('input')) each.checked = each.value === held; };
      if (await save(app, { [key]: wanted }, undo)) { held = wanted; after(wanted); }
    },
  }));
  return field;
}

/** A labelled list to choose one of. */
export function pick(app, key, label, words, { text = '', after = () => {} } = {}) {
  const id = `c-${key}`, held = app.choices[key];
  const listed = words.some(([value]) => value === held) ? words : [...words, [held, held]];
  const select = h('select', { id, name: key, 'aria-describedby': text ? `${id}-text` : undefined,
    onchange: async () => { if (await save(app, { [key]: select.value }, () => { select.value = app.choices[key]; })) after(select.value); } },
  listed.map(([value, word]) => h('option', { value }, word)));
  select.value = held;
  return h('div.field', {}, h('label', { for: id }, label), select, text && h('small', { id: `${id}-text` }, text));
}

/** Quiet hours: the day as a bar, and the two times that cut it. */
export function quietHours(app) {
  const bar = h('div.day-bar', { 'aria-hidden': 'true' }), said = h('p.small');
  const draw = () => {
    const { quiet_from: from, quiet_to: to } = app.choices;
    const [a, b] = [from, to].map(text => { const [hour, minute] = text.split(':').map(Number); return hour * 60 + minute; });
    const parts = a === b ? [['may', 1440]] : a > b ? [['quiet', b], ['may', a - b], ['quiet', 1440 - a]] : [['may', a], ['quiet', b - a], ['may', 1440 - b]];
    const widest = kind => Math.max(0, ...parts.filter(([k]) => k === kind).map(([, n]) => n));
    bar.replaceChildren(...parts.filter(([, n]) => n).map(([kind, n]) => {
      const el = h(`span.${kind}`, {}, n === widest(kind) && n >= 300 ? t(`settings.bar_${kind}`) : '');
      el.style.flexGrow = n;
      return el;
    }));
    said.textContent = a === b ? t('settings.never_quiet') : t('settings.may_ask', { from: to, to: from });
  };
  const time = key => {
    const id = `c-${key}`, input = h('input', { id, name: key, type: 'time', required: true, value: app.choices[key], onchange: async () => {
      if (/^\d\d:\d\d$/.test(input.value) && input.value !== app.choices[key]) await save(app, { [key]: input.value });
      input.value = app.choices[key];
      draw();
    } });
    return h('div.field', {}, h('label', { for: id }, t(`settings.${key}`)), input);
  };
  draw();
  return h('div.hours', {}, bar, said, h('div.two', {}, time('quiet_from'), time('quiet_to')));
}

export const cap = app => oneOf(app, 'prompt_cap', t('settings.cap'), [...'01234'].map(n => [n, n]));
export const mode = app => oneOf(app, 'prompt_mode', t('settings.mode'), ['full', 'eager', 'never'].map(id => [id, t(`settings.mode_${id}`)]));
