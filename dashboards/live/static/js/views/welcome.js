/* The first days in six short screens: what it is and is not, consent by purpose, what the heart lives with, ten minutes to meet the body,
   when it may ask, and whether chance may decide. Everything is saved as it is touched; every screen can be passed over. */
import { now, ns } from '../api.js';
import { cap, mode, oneOf, quietHours, row, save } from '../choosing.js';
import { $, h, say, svg } from '../kit.js';
import { standing } from '../standing.js';
import { LANGUAGES, language, t } from '../texts.js';

const STEPS = 6;
const PHASES = [['sit', 300], ['stand', 120], ['walk', 180]];
const ALL_S = PHASES.reduce((sum, [, s]) => sum + s, 0);
/** Begun longer ago than this and not ended: nobody was looking, so it is not taken for sitting, standing and walking. */
const LOST_S = 2 * ALL_S;
const BEGAN = 'somalink.began';
const PROFILE = ['beta_blocker', 'irregular_rhythm', 'pacemaker', 'medication_change'];
const CONSENTS = ['measure', 'notes', 'clinician', 'notices', 'research'].map(purpose => `consent_${purpose}`);

export function show(root, app) {
  const main = h('main.ask.welcome');
  root.replaceChildren(main);
  const asked = Number(new URLSearchParams(location.search).get('step') ?? sessionStorage.getItem('step') ?? 1);
  let step = Number.isInteger(asked) ? Math.min(STEPS, Math.max(1, asked)) : 1;
  timer ??= tenMinutes(app);
  timer.resume();
  timer.redraw = () => { if (step === 4) draw(); else strip(); };
  let ends = [];
  const leave = () => { for (const end of ends) end(); ends = []; };

  function to(n, focus = true) {
    leave();
    step = n;
    sessionStorage.setItem('step', n);
    history.pushState({}, '', `/welcome?step=${n}`);
    draw(focus);
  }

  const back = () => h('button.btn.quiet', { type: 'button', onclick: () => to(step - 1) }, t('welcome.back'));
  const next = (word = 'next', kind = '.go', act = () => to(step + 1)) => h(`button.btn${kind}`, { type: 'button', onclick: act }, t(`welcome.${word}`));
  const line = h('p.strip', { hidden: true });

  function strip() {
    const at = timer.at();
    line.hidden = step === 4 || !at;
    if (at) line.textContent = t('welcome.meanwhile', { phase: t(`welcome.now_${at.phase}`), left: left(at.left_s) });
  }

  function draw(focus = true) {
    const { figure = null, body, foot = null, forth = next() } = SCREENS[step]();
    const heading = h('h1', { tabindex: '-1' }, t(`welcome.title_${step}`));
    main.replaceChildren(
      h('div.step', {}, h('ol', { 'aria-hidden': 'true' }, [...Array(STEPS).keys()].map(i => h(i < step ? 'li.done' : 'li'))),
        h('span.num', {}, t('welcome.of', { n: step, all: STEPS })), h('button.btn.quiet', { type: 'button', onclick: later }, t('welcome.later'))),
      line, heading, ...[figure].filter(Boolean), ...body, h('div.push'), ...(foot ? [foot] : []), h('div.forth', {}, step > 1 ? back() : '', forth));
    strip();
    if (focus) { heading.focus({ preventScroll: true }); scrollTo(0, 0); }
  }

  function later() { sessionStorage.setItem('later', 'yes'); app.go('/').then(() => $('#view').focus({ preventScroll: true })); }

  async function begin() {
    if (!await save(app, { introduced: 'yes' })) return;
    sessionStorage.removeItem('step');
    app.go('/').then(() => $('#view').focus({ preventScroll: true }));
  }

  const points = (from, words) => h('ul.is', {}, words.map(word => h(word.startsWith('not_') ? 'li.not' : 'li', {}, t(`${from}.${word}`))));

  const SCREENS = {
    1: () => ({ figure: afternoon(), body: [points('welcome', ['is_1', 'is_2', 'is_3', 'not_1', 'not_2'])], foot: languages() }),
    2: () => ({ body: [h('div.list', {}, CONSENTS.map(key => row(app, key, 'settings'))), h('p.tiny', {}, t('welcome.change_later'))] }),
    3: () => ({ body: [heart()] }),
    4: meet,
    5: () => ({ body: [quietHours(app), cap(app), mode(app), h('p.small', {}, t('welcome.rules'))] }),
    6: () => ({
      figure: h('figure', {}, h('div.coins', { role: 'img', 'aria-label': t('welcome.coins') }, [1, 1, 0, 1, 0, 1, 1, 0, 1, 0].map(on => h(on ? 'i.on' : 'i'))),
        h('figcaption.ends', {}, h('span', {}, t('welcome.filled')), h('span', {}, t('welcome.dashed')))),
      body: [h('p', {}, t('welcome.chance_1')), h('p.small', {}, t('welcome.chance_2')),
        oneOf(app, 'randomised', t('settings.randomised'), ['yes', 'no'].map(id => [id, t(`welcome.chance_${id}`)]), { chosen: app.choices.introduced === 'yes' ? app.choices.randomised : picked.randomised ?? '', hideLegend: true, wide: true, after: value => { picked.randomised = value; } }),
        h('p.tiny', {}, t('welcome.chance_3'))],
      forth: next(app.choices.introduced === 'yes' ? 'done' : 'begin', '.go', begin),
    }),
  };

  function languages() {
    return h('div.others', {}, Object.entries(LANGUAGES).filter(([id]) => id !== language).map(([id, name]) =>
      h('button.btn.quiet', { type: 'button', lang: id, onclick: async () => { if (await save(app, { language: id })) app.go(location.pathname + location.search); } }, name)));
  }

  /** The four ticks, and a fifth that takes them back. */
  function heart() {
    const none = h('input', { type: 'checkbox', 'aria-labelledby': 'c-none', onchange: async () => {
      if (!none.checked) return;
      const boxes = [...list.querySelectorAll('input')].filter(box => box !== none), was = boxes.map(box => box.checked);
      for (const box of boxes) box.checked = false;
      await save(app, Object.fromEntries(PROFILE.map(key => [key, 'no'])), () => { boxes.forEach((box, i) => { box.checked = was[i]; }); none.checked = false; });
    } });
    const list = h('div.list.tick', {}, PROFILE.map(key => row(app, key, 'settings', { tick: true, after: on => { if (on) none.checked = false; } })),
      h('label', {}, h('b', { id: 'c-none' }, t('settings.none')), none));
    return list;
  }

  /** Ten seconds for a chest sensor, where one tells of movement now; else where that is done another day. */
  function upright() {
    const card = h('section.upright', { id: 'upright', 'aria-labelledby': 'h-upright' }), later = h('p.tiny', {}, t('upright.another_day'));
    card.hidden = later.hidden = true;
    card.append(h('h2', { id: 'h-upright' }, t('settings.h_upright')), standing(ends, there => { card.hidden = !there; later.hidden = there; }));
    return [card, later];
  }

  /** Sit, stand, walk: before, while, and after. The chest sensor's ten seconds are not asked for while these ten minutes pass. */
  function meet() {
    leave();
    const at = timer.at(), done = /^\d+$/.test(app.choices.sat_stood_walked) && app.choices.sat_stood_walked !== '0';
    const figure = h('figure', {}, h('div.ten', { role: 'img', 'aria-label': t('welcome.ten') }, PHASES.map(([phase, s]) => {
      const el = h(`div.${phase}`, {}, h('span.bar', {}, h('i')), h('b', {}, t(`welcome.${phase}`)), h('small', {}, t('welcome.min', { n: s / 60 })));
      el.style.flexGrow = s;
      return el;
    })));
    if (at) {
      const clock = h('p.left.num', { 'aria-hidden': 'true' }), name = h('p.doing');
      timer.onsecond = now_at => {
        name.textContent = t(`welcome.do_${now_at.phase}`);
        clock.textContent = left(now_at.left_s);
        PHASES.forEach(([phase, s], i) => { figure.querySelector(`.${phase} i`).style.inlineSize = `${100 * Math.min(1, Math.max(0, (now_at.passed_s - PHASES.slice(0, i).reduce((n, [, x]) => n + x, 0)) / s))}%`; });
        strip();
      };
      timer.onsecond(at);
      return { figure, body: [name, clock, h('p.small', {}, t('welcome.tone'))], foot: h('div.stack', {}, h('button.btn', { type: 'button', onclick: () => { timer.end(); draw(); } }, t('welcome.stop'))), forth: next('on', '') };
    }
    const start = h(`button.btn${done ? '' : '.go'}`, { type: 'button', onclick: () => { timer.begin(); draw(); } }, t(done ? 'welcome.once_more' : 'welcome.start'));
    return {
      figure,
      body: done ? [h('p', {}, t('welcome.met'))] : [points('welcome', ['how_sit', 'how_stand', 'how_walk']), h('p.small', {}, t('welcome.why_ten')), timer.lost() ? h('p.small', {}, t('welcome.lost')) : ''],
      foot: h('div.stack', {}, start, upright()),
      forth: done ? next() : next('skip', '', async () => { if (app.choices.sat_stood_walked === '') await save(app, { sat_stood_walked: 'skipped' }); to(5); }),
    };
  }

  draw();
  return () => { leave(); timer.onsecond = timer.redraw = () => {}; };
}

/** What was picked on this visit: an answer nobody gave is not shown as one. */
const picked = {};

const left = s => `${Math.floor(s / 60)}:${String(Math.ceil(s) % 60).padStart(2, '0')}`;

let timer;
/** The ten minutes: one for the page, so that they go on while other screens are read. Counted from when they began, so that a page that
    slept or was loaded again is where it should be. */
function tenMinutes(app) {
  let began = Number(localStorage.getItem(BEGAN)) || 0, ticking = 0, phase = '', sound, lock, lost = false;
  const passed = () => (now() - began) / 1000;
  if (began && passed() > LOST_S) { lost = true; forget(); }

  function forget() { began = 0; localStorage.removeItem(BEGAN); }

  function at() {
    if (!began) return null;
    const passed_s = Math.max(0, passed());
    let from = 0;
    for (const [name, s] of PHASES) { if (passed_s < from + s) return { phase: name, left_s: Math.max(1, Math.ceil(from + s - passed_s)), passed_s }; from += s; }
    return null;
  }

  /** A soft tone and, where a phone can, two short buzzes: said with the words, for who is not looking. */
  function call() {
    navigator.vibrate?.([200, 150, 200]);
    if (!sound) return;
    const gain = sound.createGain(), tone = sound.createOscillator(), from = sound.currentTime;
    tone.frequency.value = 392;
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(.12, from + .15);
    gain.gain.linearRampToValueAtTime(0, from + 1.4);
    tone.connect(gain).connect(sound.destination);
    tone.start(from); tone.stop(from + 1.5);
  }

  async function second() {
    const is = at();
    if (!is) { await finish(); return; }
    if (is.phase !== phase) { if (phase) call(); phase = is.phase; say(t(`welcome.do_${phase}`)); }
    me.onsecond(is);
  }

  async function finish() {
    clearInterval(ticking); ticking = 0;
    const start = began;
    if (!start) return;
    call();
    release();
    if (await save(app, { sat_stood_walked: ns(start) })) { forget(); say(t('welcome.met')); }      // else it is tried again when the screen is opened
    me.redraw();
  }

  function run() {
    clearInterval(ticking);
    ticking = setInterval(second, 500);
    navigator.wakeLock?.request('screen').then(held => { lock = held; }).catch(() => {});
  }

  function release() { lock?.release().catch(() => {}); lock = undefined; sound?.close(); sound = undefined; }

  const me = {
    at, lost: () => lost, onsecond: () => {}, redraw: () => {},
    begin() {
      began = Math.round(now()); localStorage.setItem(BEGAN, began); lost = false; phase = 'sit';
      try { sound = new AudioContext(); } catch { sound = undefined; }
      run(); say(t('welcome.do_sit'));
    },
    end() { clearInterval(ticking); ticking = 0; forget(); phase = ''; release(); },
    resume() { if (at()) { if (!ticking) { phase = at().phase; run(); } } else if (began) finish(); },
  };
  return me;
}

/** One made-up afternoon: a line within its band, once above it and back. */
function afternoon() {
  let seed = 5, a = 0;
  const next = () => { seed = seed * 1664525 + 1013904223 >>> 0; return seed / 2 ** 32; };
  const points = Array.from({ length: 100 }, (_, i) => {
    a += -.12 * a + .3 * (next() + next() + next() + next() + next() + next() - 3);
    return [i * 3.03, 62 - 9 * a - (i > 52 ? 96 * (1 - Math.exp((52 - i) / 3)) * 2 ** ((52 - i) / 9) : 0)];
  });
  const d = points.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
  return h('figure', {}, svg('<defs><linearGradient id="rise" gradientUnits="userSpaceOnUse" x1="0" x2="0" y1="0" y2="60"><stop class="s-well" offset=".1"/><stop class="s-above" offset=".5"/><stop class="s-usual" offset=".85"/></linearGradient></defs>'
    + `<rect class="band" y="42" width="300" height="42"/><path d="${d}"/>`, { class: 'afternoon', viewBox: '0 0 300 90', preserveAspectRatio: 'none', role: 'img', 'aria-label': t('welcome.picture') }),
  h('figcaption.ends', {}, h('span', {}, t('welcome.your_usual')), h('span', {}, t('welcome.one_afternoon'))));
}
