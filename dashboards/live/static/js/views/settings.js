/* Everything a person may choose, in plain words, saved as it is touched; the devices that have joined; what this device cannot do; and a
   fixed card for hard moments, the same for everybody: nothing here reads what anyone feels or writes. */
import { get, now, ns, post, remove } from '../api.js';
import { eyes } from '../blind.js';
import { cap, dayTo, mode, oneOf, pick, quietHours, row, save } from '../choosing.js';
import { WEEKS } from '../findings.js';
import { h, say } from '../kit.js';
import * as notices from '../notices.js';
import { reportButtons } from '../paper.js';
import { reportSpans } from '../spans.js';
import { standing } from '../standing.js';
import { LANGUAGES, clock, dayAndMonth, number, t } from '../texts.js';

const CONSENTS = ['consent_measure', 'consent_notes', 'consent_clinician', 'consent_notices', 'consent_research'];
const PROFILE = ['beta_blocker', 'irregular_rhythm', 'pacemaker', 'medication_change'];
const LIMITS = ['0', '5', '10', '15', '20', '30', '45', '60', '90', '120'];
const OWN_LIST_MAX = 2000;

export async function show(root, app) {
  const ends = [];
  const card = (id, ...inside) => h('section.card', { id, 'aria-labelledby': `h-${id}` }, h('h2', { id: `h-${id}`, tabindex: '-1' }, t(`settings.h_${id}`)), ...inside);
  const rows = (...inside) => h('div.list', {}, ...inside);
  const again = () => app.go(location.pathname + location.hash);
  const upright = card('upright', standing(ends, there => { upright.hidden = !there; }));
  upright.hidden = true;

  root.replaceChildren(h('main.ask.settings', {}, h('div.top', {}, h('h1', {}, t('settings.title')), h('a', { href: '/settings#hard' }, t('settings.h_hard'))), h('div.cards', {}, ...(app.away ? [h('p.card', {}, t('common.not_reached'))] : [
    card('asking', h('p.small', {}, t(app.choices.consent_measure === 'yes' ? 'settings.asking_text' : 'why.not_agreed')), quiet(app, ends), mode(app), cap(app), quietHours(app),
      rows(row(app, 'randomised', 'settings'), row(app, 'exposure_prompts', 'settings')), h('p', {}, h('a', { href: '/prompts' }, t('why.title')))),
    card('looks',
      pick(app, 'language', t('settings.language'), [['', t('settings.language_auto')], ...Object.entries(LANGUAGES)], { after: again }),
      oneOf(app, 'theme', t('settings.theme'), [['', 'auto'], ['light', 'light'], ['dark', 'dark']].map(([id, word]) => [id, t(`settings.theme_${word}`)]), { after: paint }),
      rows(row(app, 'hide_heart_rate', 'settings')),
      pick(app, 'view_limit_min', t('settings.view_limit'), LIMITS.map(n => [n, n === '0' ? t('settings.view_limit_none') : t('common.minutes', { n })]), { text: t('settings.view_limit_text') })),
    card('breath',
      pick(app, 'breath_rate', t('settings.breath_rate'), ['4.5', '5', '5.5', '6', '6.5', '7'].map(n => [n, t('settings.a_minute', { x: number(Number(n), 1) })])),
      pick(app, 'breath_ratio', t('settings.breath_ratio'), ['30', '40', '50'].map(n => [n, t(`settings.ratio_${n}`)])),
      pick(app, 'breath_min', t('settings.breath_min'), [...Array(20).keys()].map(i => [String(i + 1), t('common.minutes', { n: i + 1 })])),
      rows(row(app, 'breath_sound', 'settings'), row(app, 'breath_vibration', 'settings'), row(app, 'breath_still', 'settings'))),
    card('own', h('p.small', {}, t('settings.own_text')), ownList(app, ends)),
    card('heart', h('div.list.tick', {}, PROFILE.map(key => row(app, key, 'settings', { tick: true })))),
    card('consent', h('p.small', {}, t('settings.consent_text')), rows(...CONSENTS.map(key => row(app, key, 'settings', { after: () => bell.redraw() })))),
    card('report', h('p.small', {}, t('settings.report_text')), rows(row(app, 'report_notes', 'settings')), reportSpans(app), ...report(app)),
    upright,
    card('device', ...thisDevice(app)),
    card('devices', joined(app, ends))]),
    card('hard', h('p', {}, t('settings.hard_1')), h('ul.numbers', {}, [1, 2, 3, 4].map(i => h('li', {}, t(`settings.hard_number_${i}`)))), h('p', {}, t('settings.hard_2')), h('p.small', {}, t('settings.hard_3'))),
    app.away ? '' : card('data', h('p', {}, t('settings.data_1')), h('pre', { tabindex: '0', 'aria-label': t('settings.data_command') }, h('code', {}, 'somalink export --out DIR')), h('p.small', {}, t('settings.data_2')),
      h('p', {}, h('a', { href: '/welcome?step=1' }, t('settings.welcome_again')))))));

  const at = location.hash && document.getElementById(location.hash.slice(1));
  if (at) { at.scrollIntoView(); at.querySelector('h2').focus({ preventScroll: true }); }
  return () => { for (const end of ends) end(); };
}

function paint(theme) { if (theme) document.documentElement.dataset.theme = theme; else delete document.documentElement.dataset.theme; }

// ---------------------------------------------------------------- not now

/** Until when it is quiet by choice, and how to end it; else how to begin. */
function quiet(app, ends) {
  const box = h('div.quiet-now', { role: 'group', 'aria-label': t('settings.not_now') });
  let timer;
  const button = (word, until) => h('button.btn', { type: 'button', onclick: async () => {
    if (!await save(app, { not_now_until: until ? ns(until()) : '0' })) return;
    draw();
    say(box.querySelector('p').textContent);
    box.querySelector('button').focus();
  } }, t(`settings.${word}`));
  function draw() {
    clearTimeout(timer);
    const until = Number(BigInt(app.choices.not_now_until) / 1_000_000n), left = until - now();
    if (left > 0) {
      const when = left < 86_400_000 ? clock(until) : t('settings.date_time', { date: dayAndMonth(until), time: clock(until) });
      box.replaceChildren(h('p', {}, t('settings.quiet_until', { until: when })), button('end_quiet'));
      timer = setTimeout(draw, Math.min(left + 500, 2 ** 31 - 1));
    } else box.replaceChildren(h('p', {}, t('settings.not_quiet')), h('div.pair', {}, button('quiet_hour', () => now() + 3_600_000), button('quiet_today', () => dayTo(app))));
  }
  draw();
  ends.push(() => clearTimeout(timer));
  return box;
}

// ---------------------------------------------------------------- the wearer's own list

function ownList(app, ends) {
  const said = h('p.tiny', { role: 'status' });
  let timer, held = app.choices.own_list;
  const area = h('textarea', { id: 'own-list', name: 'own_list', rows: 6, maxlength: OWN_LIST_MAX, 'aria-describedby': 'h-own', oninput: () => { said.textContent = ''; clearTimeout(timer); timer = setTimeout(keep, 1500); }, onblur: () => keep() });
  area.value = held;
  async function keep() {
    clearTimeout(timer);
    const wanted = area.value.trim();
    if (wanted === held) return;
    if (await save(app, { own_list: wanted })) { held = wanted; said.textContent = t('settings.saved'); }
  }
  ends.push(keep);
  return h('div.field', {}, h('label', { for: 'own-list' }, t('settings.own_label')), area, said);
}

// ---------------------------------------------------------------- a report

/** How far back, and the report itself. Whoever has one has seen. */
function report(app) {
  const weeks = h('select', { id: 'report-weeks' }, WEEKS.map(n => h('option', { value: String(n) }, t(`findings.weeks_${n}`))));
  return [h('div.field', {}, h('label', { for: 'report-weeks' }, t('findings.weeks')), weeks), reportButtons({ weeks: () => weeks.value, made: () => eyes(app.status.person).saw(now()) })];
}

// ---------------------------------------------------------------- this device and the others

const seen = at_ms => dayAndMonth(at_ms) === dayAndMonth(now()) ? t('settings.today_time', { time: clock(at_ms) }) : t('settings.date_time', { date: dayAndMonth(at_ms), time: clock(at_ms) });

const bell = { redraw: () => {} };

function thisDevice(app) {
  const box = h('div');
  bell.redraw = () => {
    const why = notices.hindered(), on = notices.on(app.choices);
    const text = why ? `settings.bell_${why}` : app.choices.consent_notices !== 'yes' ? 'settings.bell_consent' : 'settings.bell_text';
    const input = h('input', { type: 'checkbox', role: 'switch', checked: on, disabled: Boolean(why) || app.choices.consent_notices !== 'yes', 'aria-labelledby': 'bell', 'aria-describedby': 'bell-text',
      onchange: async () => {
        if (!input.checked) { notices.switchOff(); return; }
        if (!await notices.switchOn()) bell.redraw();
      } });
    box.replaceChildren(h('div.list', {}, h('label', {}, h('b', { id: 'bell' }, t('settings.bell')), input, h('small', { id: 'bell-text' }, t(text)))));
  };
  bell.redraw();
  if (isSecureContext) return [box, h('p.small', {}, t('settings.can_all'))];
  return [box, h('p', {}, t('settings.plain_1')), h('ul.is', {}, ['plain_can_1', 'plain_can_2'].map(key => h('li', {}, t(`settings.${key}`))), ['plain_not_1', 'plain_not_2', 'plain_not_3'].map(key => h('li.not', {}, t(`settings.${key}`)))), h('p.small', {}, t('settings.plain_2'))];
}

function joined(app, ends) {
  const list = h('ul.list'), note = h('p.small', { role: 'status' }), invite = h('div.invite');
  let timer;
  async function read() {
    try {
      const devices = await get('/devices');
      list.replaceChildren(...devices.map(line));
      note.textContent = devices.length ? '' : t('settings.no_devices');
    } catch (error) { note.textContent = error.what || t('common.not_reached'); }
  }

  function line(device) {
    const act = h('div.pair'), name = device.name || t('settings.a_device');
    const rest = () => act.replaceChildren(h('button.btn.quiet', { type: 'button', 'aria-label': t('settings.take_back_named', { name }), onclick: sure }, t('settings.take_back')));
    const sure = () => {
      act.replaceChildren(h('button.btn', { type: 'button', onclick: go }, t('settings.take_back_yes')), h('button.btn.quiet', { type: 'button', onclick: () => { rest(); act.querySelector('button').focus(); } }, t('settings.keep')));
      act.querySelector('button').focus();
    };
    const go = async () => {
      try { await remove(`/devices/${encodeURIComponent(device.id)}`); } catch (error) { if (error.status !== 404) { note.textContent = error.what || t('common.not_reached'); rest(); return; } }
      if (device.this) { app.go('/join'); return; }
      await read();
      note.textContent = t('settings.taken_back', { name });
      note.tabIndex = -1; note.focus();
    };
    rest();
    return h('li.device', {}, h('b', {}, name, device.this && h('span.tag', {}, t('settings.this_one'))),
      h('small', {}, t('settings.joined', { date: dayAndMonth(device.joined_ms), seen: device.seen_ms ? seen(device.seen_ms) : '–' })), act);
  }

  function offer(text = '') {
    clearTimeout(timer);
    if (!app.status.here) { invite.replaceChildren(h('p.small', {}, t('settings.invite_elsewhere'))); return; }
    invite.replaceChildren(h('p.small', {}, text || t('settings.invite_text')), h('button.btn', { type: 'button', onclick: make }, t('settings.invite')));
  }

  async function make() {
    let made;
    try { made = await post('/invite', {}); } catch (error) {
      offer(error.status === 403 ? t(app.status.lan ? 'settings.invite_elsewhere' : 'settings.invite_no_lan') : error.what || t('common.not_reached'));
      return;
    }
    const code = drawing(made.svg), link = h('input', { id: 'invite-link', type: 'text', readonly: true, dir: 'ltr', value: made.url, onfocus: e => e.target.select() });
    const heading = h('p', { tabindex: '-1' }, t('settings.invite_until', { until: clock(made.until_ms) }));
    invite.replaceChildren(heading, code && h('div.qr', { role: 'img', 'aria-label': t('settings.qr') }, code) || '', h('div.field', {}, h('label', { for: 'invite-link' }, t('settings.invite_link')), link), h('button.btn.quiet', { type: 'button', onclick: () => { offer(); read(); } }, t('settings.invite_done')));
    heading.focus({ preventScroll: true });
    timer = setTimeout(() => { offer(t('settings.invite_over')); read(); }, Math.max(0, made.until_ms - now()));
  }

  read(); offer();
  ends.push(() => clearTimeout(timer));
  return h('div', {}, list, note, invite);
}

/** A drawing from the server as an element: shapes only, whatever the text holds. */
function drawing(text) {
  const el = new DOMParser().parseFromString(text.includes('xmlns=') ? text : text.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"'), 'image/svg+xml').documentElement;
  if (el.localName !== 'svg' || [el, ...el.querySelectorAll('*')].some(each => !['svg', 'g', 'path', 'rect'].includes(each.localName) || [...each.attributes].some(a => a.name.startsWith('on') || a.name === 'style'))) return null;
  el.setAttribute('aria-hidden', 'true');
  return document.importNode(el, true);
}
