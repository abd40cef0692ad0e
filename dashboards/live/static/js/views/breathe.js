/* Breathe. One circle, one word; the heart's own wave behind it. Nothing counts up, nothing congratulates, nothing is asked for at the end. */
import * as api from '../api.js';
import { awake, cues } from '../breath_cues.js';
import { ring, wave } from '../breath_wave.js';
import * as exercises from '../exercises.js';
import { $, chips, h } from '../kit.js';
import { at, beatLine, breathed, ENTRY_RATE, leftWords, MINUTES, nearly, pacer, RATES, RATIOS } from '../pacer.js';
import { send } from '../queue.js';
import { number, span, t } from '../texts.js';

const LEAD_IN_MS = 2_500, FACTS_MS = 5_000, FRAME_MS = 32, READ = 'somalink.breathe.read', LEFT = 'somalink.breathe.left', ABANDONED_MS = 30_000;
const REASON_TEXTS = { begun: 'begun', none: 'none', no_intervals: 'no_intervals', optical: 'optical' };

const read = () => { try { return localStorage.getItem(READ) === 'yes'; } catch { return false; } };
const haveRead = () => { try { localStorage.setItem(READ, 'yes'); } catch { /* asked again next time, then */ } };
/* A tab that is closed or killed in mid-breath leaves what was done so far; the next visit sends it, once, as the one who breathed. */
const leave = (person, body, gone = false) => { try { if (body) localStorage.setItem(LEFT, JSON.stringify({ person, body, gone, at: Date.now() })); else localStorage.removeItem(LEFT); } catch { /* not here, then */ } };
function sendLeft() {
  try {
    const left = JSON.parse(localStorage.getItem(LEFT));
    if (!left || Date.now() - left.at < ABANDONED_MS && !left.gone) return;
    localStorage.removeItem(LEFT);
    if (left.person) send({ person: left.person, kind: 'sessions', id: left.body.id, method: 'POST', path: '/sessions', body: left.body }).catch(() => {});
  } catch { /* nothing that can be read */ }
}
const yes = value => value === 'yes';
const button = (name, text, onclick) => h(`button.btn${name}`, { type: 'button', onclick }, text);
const link = (text, onclick) => h('button.link', { type: 'button', onclick }, text);

export async function show(root, app) {
  const query = new URLSearchParams(location.search), prompt_id = query.get('prompt') ?? undefined, asked = Number(query.get('min'));
  const person = app.status.person, moves = matchMedia('(prefers-reduced-motion: reduce)');
  let entry = false, run = null, on = '', leaveScreen = () => {};
  const once = { minutes: asked >= 1 && asked <= 20 ? Math.round(asked) : null };
  const chosen = () => ({ rate: entry ? ENTRY_RATE : Number(app.choices.breath_rate) || 6, ratio: Number(app.choices.breath_ratio) || 40, minutes: once.minutes ?? (Number(app.choices.breath_min) || 3) });
  const still = () => yes(app.choices.breath_still) || moves.matches;
  const hides = () => yes(app.choices.hide_heart_rate);

  function put(screen, ...inside) {
    leaveScreen(); leaveScreen = () => {};
    on = screen;
    root.replaceChildren(h('main.breathe', { 'data-screen': screen }, ...inside));
  }
  const focusTitle = () => $('h1', root)?.focus({ preventScroll: true });
  const choose = (key, value) => { app.choices[key] = value; send({ kind: 'choice', id: key, method: 'PUT', path: '/profile', body: { [key]: value } }).catch(() => {}); };

  // ---------------------------------------------------------------- before

  const paceWords = pace => [t('breathe.pace', { rate: number(pace.rate, 1) }), span(pace.minutes)].join(' · ');
  const halvesWords = pace => t('breathe.pace_halves', { in: number(pace.inMs / 1000, 1), out: number(pace.outMs / 1000, 1) });

  function start({ focus = false } = {}) {
    const pace = pacer(chosen()), first = !read();
    const begin = h('button.begin', { type: 'button', onclick: go }, h('b', {}, t('breathe.begin')), h('span.num', {}, paceWords(pace)), h('span.num', {}, halvesWords(pace)));
    const before = h('details.before', { open: first, ontoggle: e => { if (!e.target.open) haveRead(); } }, h('summary', {}, t('breathe.safety_link')), exercises.safety());
    put('start',
      h('div.bar', {}, h('span.left'), button('.quiet', t('breathe.settings'), settings)),
      h('section.stage', {}, h('h1.sr', { tabindex: '-1' }, t('breathe.title')), begin),
      h('section.panel', {},
        h('p.intro', {}, t('breathe.intro')),
        h('div.row', {}, button('', t('breathe.open_eyes'), () => script('grounding')), button('', t('breathe.else'), other)),
        h('div.hint', {}, link(t(entry ? 'breathe.entry_back' : 'breathe.entry'), () => { entry = !entry; start({ focus: true }); }), h('p', {}, t('breathe.entry_note'))),
        h('p.hint', {}, h('a.hard', { href: '/settings#hard' }, t('settings.h_hard'))),
        before));
    if (focus) begin.focus({ preventScroll: true });
  }

  function settings() {
    const wasRunning = run, apply = (key, value) => { choose(key, value); if (key === 'breath_rate') entry = false; if (key === 'breath_min') once.minutes = null; };
    const radio = (name, words, value) => chips(name, words, { type: 'radio', chosen: [value], onchange: e => { apply(name, e.target.value); if (name === 'breath_min') other.value = ''; } });
    const box = (key, text) => [key, text];
    const other = h('input.num', { 'aria-label': t('breathe.minutes_other'), type: 'number', min: '1', max: '20', step: '1', inputmode: 'numeric', value: MINUTES.includes(Number(app.choices.breath_min)) ? '' : app.choices.breath_min,
      onchange: e => { const n = Math.round(Number(e.target.value)); if (n >= 1 && n <= 20) { apply('breath_min', String(n)); dialog.querySelectorAll('[name=breath_min]').forEach(r => { r.checked = r.value === String(n); }); } } });
    const also = [box('breath_sound', t('breathe.sound')), ...('vibrate' in navigator ? [box('breath_vibration', t('breathe.vibration'))] : []), box('breath_still', t('breathe.still')), box('hide_heart_rate', t('breathe.hide'))];
    const field = (legend, ...inside) => h('fieldset', {}, h('legend', {}, legend), ...inside);
    const dialog = h('dialog.pace', { 'aria-labelledby': 'pace-title' }, h('form', { method: 'dialog' },
      h('h2', { id: 'pace-title', tabindex: '-1', autofocus: true }, t('breathe.settings')),
      field(t('breathe.rate'), radio('breath_rate', RATES.map(rate => [String(rate), number(rate, 1)]), app.choices.breath_rate)),
      field(t('breathe.ratio'), radio('breath_ratio', RATIOS.map(ratio => [String(ratio), `${ratio / 10} : ${10 - ratio / 10}`]), app.choices.breath_ratio), h('p.tiny', {}, t('breathe.ratio_note'))),
      field(t('breathe.for'), h('div.minutes', {}, radio('breath_min', MINUTES.map(n => [String(n), number(n)]), String(once.minutes ?? app.choices.breath_min)), h('label', {}, t('breathe.or'), other))),
      field(t('breathe.also'), chips('breath_also', also, { chosen: also.map(([key]) => key).filter(key => yes(app.choices[key])), onchange: e => apply(e.target.value, e.target.checked ? 'yes' : 'no') })),
      h('button.btn.go', { type: 'submit' }, t('breathe.ready'))));
    dialog.addEventListener('click', e => { if (e.target === dialog) dialog.close(); });
    dialog.addEventListener('close', () => { dialog.remove(); if (run && run === wasRunning) run.changed(); else if (on === 'start') start({ focus: true }); });
    root.append(dialog);
    dialog.showModal();
  }

  // ---------------------------------------------------------------- the breath

  const clock = () => performance.now();

  function go() {
    haveRead();
    run = running();
  }

  function running() {
    let pace = pacer({ ...chosen(), startedMs: clock() + LEAD_IN_MS }), shownStep = '', lastDraw = -Infinity, lastFacts = -Infinity, frame = 0, told = null, over = false;
    const id = api.uuid(), begunMs = pace.startedMs, seen = [], line = beatLine(), drawn = wave();
    let endMs = pace.endMs, rings = ring(pace), source = null, earlier = 0, agreed = pace.minutes;
    const left = h('span.left.num'), say = h('p.say', { 'aria-live': 'off' }), word = h('span'), small = h('small.num');
    say.append(word, small);
    const fill = h('i.fill'), disc = h('div.disc', {}, h('i.full'), h('i.rest'), fill, say), facts = h('div.facts.num');
    const key = h('div.key', {}, h('span.key-heart', {}, t('breathe.key_heart')), h('span.key-pacer', {}, t('breathe.key_pacer')));
    const stop = button('.go', t('breathe.stop'), () => finish('stopped'));
    let endCues = () => {};
    const endAwake = awake();

    put('running',
      h('div.bar', {}, left, button('.quiet', t('breathe.settings'), settings)),
      h('section.stage', { 'data-running': '' }, h('h1.sr', {}, t('breathe.running')), drawn.el, disc),
      h('section.panel', { 'aria-label': t('breathe.shows') }, key, facts,
        h('div.row', {}, stop, button('', t('breathe.else'), () => { finish('stopped', { quietly: true }); other(); })),
        h('p.tiny', {}, t('breathe.gently')),
        h('p.hint', {}, link(t('breathe.unwell'), () => { finish('unwell', { quietly: true }); unwell(); }))));
    document.body.classList.add('breathing');
    stop.focus({ preventScroll: true });

    function listen() {
      source?.close();
      source = null;
      if (hides()) return;
      const q = new URLSearchParams({ rate: String(pace.rate), in_s: (pace.inMs / 1000).toFixed(3), ex_s: (pace.outMs / 1000).toFixed(3), start_ms: String(Math.round(api.now() + pace.startedMs - clock())) });
      source = new EventSource(`/api/v1/breath?${q}`);
      source.addEventListener('beat', e => { line.add(JSON.parse(e.data), clock()); });
      source.addEventListener('swing', e => { told = JSON.parse(e.data); seen.push(told); paintFacts(); });
      source.onerror = () => { if (source?.readyState === EventSource.CLOSED) { told = { reason: 'none' }; paintFacts(); } };
    }

    function paintFacts() {
      const poor = (title, note) => h('div.poor', {}, h('b', {}, title), note);
      const latency = told?.latency_s, heart = !hides() && line.length > 0;
      key.hidden = !heart;
      $('.key-pacer', key).hidden = heart && latency === null;
      if (hides()) return facts.replaceChildren(poor(t('breathe.hidden'), t('breathe.hidden_note')));
      const breath = typeof told?.breaths_per_min === 'number' ? [h('p.breath', {}, t('breathe.you_breathe', { n: number(nearly(told.breaths_per_min), 1) }))] : [];
      if (told && told.r2 !== null && told.r2 !== undefined) {
        const fact = (label, value, ...note) => h('dl', {}, h('dt', {}, label), h('dd', {}, value, h('small', {}, ...note)));
        return facts.replaceChildren(
          fact(t('breathe.swing'), t('breathe.swing_value', { n: Math.round(told.amplitude_bpm) }), t('breathe.swing_note')),
          fact(t('breathe.with_pacer'), t(`breathe.${told.together}`), t(`breathe.${told.together}_note`), ' ', h('span.tiny', {}, `(R² ${number(told.r2, 2)})`)), ...breath);
      }
      const reason = told?.reason === 'no_beats' && !app.status?.device ? 'none' : told?.reason ?? 'begun', own = REASON_TEXTS[reason];
      facts.replaceChildren(own ? poor(t(`breathe.${own}`), t(`breathe.${own}_note`)) : poor(t('breathe.poor'), t(reason === 'gap' ? 'breathe.gap_note' : 'breathe.poor_note')), ...breath);
    }

    function paint(now) {
      const here = at(pace, now), quiet = still();
      const step = here.half === 'before' ? 'before' : `${here.half} ${quiet ? here.step : ''}`;
      if (step !== shownStep) {
        shownStep = step;
        word.textContent = t(here.half === 'before' ? 'breathe.let_out' : `breathe.${here.half}`);
        small.textContent = quiet && here.half !== 'before' ? t('breathe.step', { n: here.step, of: here.of }) : '';
        rings.fill(here.ring);
      }
      const { key: words, n } = leftWords(Math.max(0, endMs - Math.max(now, begunMs)));
      const text = t(`breathe.${words}`, n === undefined ? {} : { n });
      if (left.textContent !== text) left.textContent = text;
      if (!quiet) fill.style.transform = `scale(${(.58 + .42 * here.lung).toFixed(4)})`;
      const every = quiet ? FACTS_MS : FRAME_MS;
      if (now - lastDraw >= every) {
        lastDraw = now;
        const heart = !hides() && line.length > 0, latency = told?.latency_s;
        drawn.draw(now, { pace, points: heart ? line.points() : null, latencyMs: (latency ?? 0) * 1000, showPacer: !heart || latency !== null });
      }
      if (now - lastFacts >= FACTS_MS) { lastFacts = now; paintFacts(); leave(person, session('stopped').body); }
      if (now >= endMs) finish('completed');
    }

    const turn = () => { if (over) return; paint(clock()); frame = requestAnimationFrame(turn); };
    const beyond = setInterval(() => { if (document.hidden && clock() >= endMs) finish('completed'); }, 1_000);

    /** Something was chosen while it runs: another pace begins with a breath in, the time that was agreed goes on. */
    function changed() {
      const fresh = chosen(), paced = fresh.rate !== pace.rate || fresh.ratio !== pace.ratio;
      if (paced) {
        earlier += breathed({ ...pace, breaths: Infinity }, clock());
        pace = pacer({ ...fresh, startedMs: clock() + 400 });
        const replaced = ring(pace);
        rings.el.replaceWith(replaced.el);
        rings = replaced;
        told = null;
      }
      if (paced || fresh.minutes !== agreed) {
        agreed = fresh.minutes;
        endMs = pace.startedMs + Math.max(1, Math.round((Math.max(begunMs + agreed * 60_000, clock()) - pace.startedMs) / pace.cycleMs)) * pace.cycleMs;
      }
      dress();
      begin();
      if (paced || hides() === Boolean(source)) listen();
      shownStep = '';
      lastDraw = -Infinity;
      paintFacts();
      stop.focus({ preventScroll: true });
    }

    function begin() {
      endCues();
      endCues = yes(app.choices.breath_sound) || yes(app.choices.breath_vibration)
        ? cues(Object.freeze({ ...pace, breaths: Math.round((endMs - pace.startedMs) / pace.cycleMs) }), { clock, wants: () => ({ sound: yes(app.choices.breath_sound), vibration: yes(app.choices.breath_vibration) }) })
        : () => {};
    }

    function dress() {
      disc.classList.toggle('quiet', still());
      if (!rings.el.isConnected) disc.insertBefore(rings.el, say);
    }

    function end() {
      over = true;
      cancelAnimationFrame(frame);
      clearInterval(beyond);
      source?.close();
      endCues();
      endAwake();
      document.body.classList.remove('breathing');
      removeEventListener('pagehide', gone);
      moves.removeEventListener('change', changed);
    }

    function session(outcome) {
      const now = Math.min(clock(), endMs), breaths = earlier + breathed({ ...pace, breaths: Infinity }, now), wall = api.now() - (clock() - begunMs);
      if (breaths < 1 && outcome !== 'unwell') return { breaths, body: null };
      return { breaths, body: { id, start_ns: api.ns(wall), stop_ns: api.ns(wall + Math.max(0, now - begunMs)), kind: 'breathing', rate: pace.rate, in_s: round3(pace.inMs / 1000), ex_s: round3(pace.outMs / 1000), outcome, ...(prompt_id ? { prompt_id } : {}) } };
    }

    function finish(outcome, { quietly = false } = {}) {
      if (over) return;
      const { breaths, body } = session(outcome);
      end();
      run = null;
      leave(person, null);
      if (body) send({ kind: 'sessions', id, method: 'POST', path: '/sessions', body }).catch(() => {});
      if (!quietly) ended({ outcome, breaths, minutes: chosen().minutes, seen });
    }
    const gone = () => leave(person, session('stopped').body, true);

    addEventListener('pagehide', gone);
    moves.addEventListener('change', changed);
    dress();
    begin();
    listen();
    turn();
    leaveScreen = () => { if (!over) finish('stopped', { quietly: true }); };
    return { changed, stop: () => finish('stopped') };
  }

  const round3 = x => Math.round(x * 1000) / 1000;

  // ---------------------------------------------------------------- after

  function ended({ outcome, breaths, minutes, seen }) {
    const judged = seen.filter(each => each.reason !== 'begun'), good = judged.filter(each => each.r2 !== null).map(each => each.amplitude_bpm).sort((a, b) => a - b);
    const swing = !hides() && good.length ? h('p.small.num', {}, t('breathe.done_swing', { bpm: Math.round(good[good.length >> 1]), share: Math.round(100 * good.length / judged.length) })) : null;
    const close = button('.go', t('breathe.close'), () => app.go('/'));
    put('done',
      h('div.bar', {}, h('span.left', {}, outcome === 'completed' ? t('breathe.done_left', { span: span(minutes) }) : t('breathe.stopped_left')), button('.quiet', t('breathe.settings'), settings)),
      h('section.stage', {}, h('div.all', {}, h('h1', { tabindex: '-1' }, t('breathe.done')), h('p', {}, t('breathe.done_more')))),
      h('section.panel', {},
        h('div.poor', {}, h('b.num', {}, t('breathe.breaths', { n: breaths })), t('breathe.done_note')), swing,
        h('div.row', {}, close, button('', t('breathe.again'), go)),
        h('p.tiny', {}, t('breathe.gently'))));
    focusTitle();
  }

  function unwell() {
    put('unwell', exercises.unwell({ onClose: () => app.go('/'), onGrounding: () => script('grounding') }));
    focusTitle();
  }

  // ---------------------------------------------------------------- something else

  function other() {
    put('other', exercises.choices({ app, onScript: script, onOwn: () => own(false), onBack: () => start({ focus: true }) }));
    focusTitle();
  }

  function script(kind) {
    const begunMs = api.now(), made = exercises.script(kind, { onEnd: completed => keep(completed) });
    function keep(completed) {
      leaveScreen = () => {};
      if (completed || made.step > 1) {
        const id = api.uuid();
        const body = { id, start_ns: api.ns(begunMs), stop_ns: api.nowNs(), kind, outcome: completed ? 'completed' : 'stopped', ...(prompt_id ? { prompt_id } : {}) };
        send({ kind: 'sessions', id, method: 'POST', path: '/sessions', body }).catch(() => {});
      }
      if (completed) {
        put('done', h('section.stage', {}, h('div.all', {}, h('h1', { tabindex: '-1' }, t('breathe.done')), h('p', {}, t('breathe.done_more')))),
          h('section.panel', {}, h('div.row', {}, button('.go', t('breathe.close'), () => app.go('/')), button('', t('breathe.else'), other))));
        focusTitle();
      } else other();
    }
    put('script', made.el);
    leaveScreen = () => { made.leave(); };
    made.focus();
  }

  function own(editing) {
    put('other', exercises.own(app.choices.own_list, {
      editing, onBack: other,
      /* A list that is not known here, since the server is not reached, is not to be written over. */
      onKeep: text => { if (text === undefined) return app.choices.own_list === undefined ? app.tell(t('common.not_reached')) : own(true); if (text !== null) choose('own_list', text.trim()); own(false); },
    }));
    (editing ? $('textarea', root) : $('h1', root))?.focus({ preventScroll: true });
  }

  // ---------------------------------------------------------------- keys, coming and going

  function onkey(e) {
    if (!run || $('dialog[open]') || e.ctrlKey || e.metaKey || e.altKey) return;
    const free = e.target === document.body || e.target === root;
    if (e.key === 'Escape' || (free && (e.key === ' ' || e.key === 'Enter'))) { e.preventDefault(); run.stop(); }
  }
  addEventListener('keydown', onkey);

  sendLeft();
  if (location.hash === '#else') other();
  else if (prompt_id && read()) go();
  else start();

  return () => { leaveScreen(); removeEventListener('keydown', onkey); document.body.classList.remove('breathing'); };
}
