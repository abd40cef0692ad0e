/* Now: a sentence first, then the day, then what stood out; and tags, always within a thumb's reach. */
import * as api from '../api.js';
import { blindAt, eyes, meter, tagFirst } from '../blind.js';
import { $, clamp, h, level, say, svg, tone } from '../kit.js';
import { lineCard } from '../line.js';
import { momentsCard } from '../moments.js';
import { MINUTE, MOVED, append, points, since, stateOfNow, steady } from '../points.js';
import { outcomes } from '../outcome.js';
import { mine, queue, send } from '../queue.js';
import { localAt, tagging } from '../tags.js';
import { clock, dayAndMonth, daysOn, local, number, span, t, weekday } from '../texts.js';
import { DAYS, hoursOf, mondayOf, weekTable, weekWords } from '../week.js';

const HOUR = 60 * MINUTE, DAY = 24 * HOUR, STEP_S = 60, SOON_MS = 900, APART_MS = 4000, LOST_MS = 20_000, LOOK_S = 5, KEPT = 2000;
const LEVELS = ['below', 'usual', 'little', 'above', 'well'], JUDGED = ['full', 'within_recording'];
const isoOf = ms => local(ms).toISOString().slice(0, 10);

export async function show(root, app, gone = () => false) {
  if (app.status.lived !== null && app.status.lived !== undefined) return (await import('../living.js')).living(root, app);
  const status = app.status, now = () => api.now(), wanted = new URLSearchParams(location.search).get('day');
  const seen = eyes(status.person), looks = meter(status.person);
  const ends = [];
  let day_from = status.day_from_ms ?? dayStart(now()), lost_ms = app.away ? 0 : null, veiled = false, closed = false, ended = false, read_once = false;
  let past = null, all = [], gaps = [], episodes = { episodes: [], chance_expected: null, usable_h: 0 }, ratings = [], weekView = false, chart = null, table = null, last = null, pendingDraw = false, reload = null, reloading = null, readAt = 0, wholeDay = false, shownWord = null;
  const unreached = () => app.away || (lost_ms !== null && Date.now() - lost_ms > LOST_MS);
  const word = steady(), judged = () => JUDGED.includes(app.status.stage?.maturity);

  /* ---- parts ---------------------------------------------------------------------------------------------------------------------------- */
  const summary = h('summary', {}, h('span.said', {}), h('span.toggle', { 'aria-hidden': 'true' }));
  const facts = h('dl.num', {}), statusLine = h('details.status', {}, summary, facts);
  const place = h('p.place.num', {}), sentence = h('h1', { 'aria-live': 'polite' }), sub = h('p.sub', {}), gauge = h('div.gauge', {}), against = h('p.tiny', {}, t('now.against')), pale = h('p.tiny', { hidden: true }, t('now.gauge.sure'));
  const heart = h('span', {}), hide = h('button.btn.quiet', { type: 'button', onclick: toggleHeart });
  const nowCard = h('section.card.now', { 'aria-label': t('now.card') }, place, sentence, sub, gauge, against, pale, h('div.hr', {}, heart, hide));
  const dayHead = h('h2', { id: 'day-head' }), asDay = h('button', { type: 'button', onclick: () => period(false) }, t('now.day')), asWeek = h('button', { type: 'button', onclick: () => period(true) }, t('now.week'));
  const dayBox = h('div', {}), weekBox = h('div', { hidden: true });
  const dayCard = h('section.card', { 'aria-labelledby': 'day-head' }, h('div.head', {}, dayHead, h('div.seg', { role: 'group', 'aria-label': t('now.period') }, asDay, asWeek)), dayBox, weekBox);
  const outcome = outcomes({ blind: ms => !seen.looking() && blindAt(ms, seen.seen_ms), changed: later });
  const tags = tagging(app, { seen, outcome, changed: later, looked: () => { veiled = false; begin(); } });
  const moments = momentsCard({ person: status.person, tags: tags.all, outcome,
    tag: (kind, e) => tags.save(kind, { t_ms: e.start_ms, certainty_s: 300 }),
    another: (e, made) => tags.openKinds({ moment: { said: t('moments.what_at', { when: clock(e.start_ms) }), save: async kind => made(await tags.save(kind, { t_ms: e.start_ms, certainty_s: 300 })) } }) });
  const line = lineCard({ ratings, day: isoOf(day_from), day_from_ms: day_from, week_from_ms: weekStart(), blind: ms => !seen.looking() && blindAt(ms, seen.seen_ms) });
  const limit = h('section.card.limit', { hidden: true, tabindex: '-1', 'aria-label': t('now.limit_label') });
  const page = h('main.now-page', {}, statusLine, h('div.what', {}, limit, nowCard, dayCard), h('div.side', {}, tags.card, moments.host, tags.today), line.host, tags.toastBox);

  /** The wearer's day begins at the hour the server says, not at midnight. */
  function dayStart(ms) { const at = localAt(ms, 4); return at > ms ? daysOn(at, -1) : at; }
  function weekStart() { const today = isoOf(day_from), monday = mondayOf(today); return daysOn(day_from, -(Date.parse(today) - Date.parse(monday)) / DAY); }

  /* ---- the status line -------------------------------------------------------------------------------------------------------------------- */
  function drawStatus() {
    const { device, today = {}, stage, saved_on_this_computer, here, simulated } = app.status, waits = new Set(mine().filter(row => !row.parked).map(row => row.id)).size, kind = t(`now.worn.${['A', 'B'].includes(device?.tier) ? 'strap' : device?.tier === 'C' ? 'band' : device?.tier === 'D' ? 'watch' : 'strap'}`);
    const parts = [];
    if (unreached()) parts.push(t('now.status.away'));
    else if (!device) parts.push(t('now.status.none'));
    else if (device.state === 'streaming') parts.push(t('now.status.fine', { kind, signal: t(`now.signal.${device.signal ?? 'none'}`), battery: device.battery === null || device.battery === undefined ? '' : t('now.status.battery', { n: device.battery }) }));
    else parts.push(t('now.status.state', { kind, words: linkWords(device), since: device.since_ms ? t('now.status.since', { when: clock(device.since_ms) }) : '' }));
    if (waits) parts.push(t('now.status.waiting', { n: waits }));
    if (simulated) parts.push(t('now.status.simulated'));
    $('.said', summary).textContent = parts.join(' ');
    const rows = [];
    if (device) {
      rows.push([kind, [device.name, linkWords(device) + (device.since_ms ? ` ${t('now.status.since', { when: clock(device.since_ms) })}` : ''), today.worn_s ? t('now.status.worn', { span: span(today.worn_s / 60) }) : ''].filter(Boolean).join(', ')]);
      if (device.state !== 'streaming' && t(`link.${device.state}.help`) !== `link.${device.state}.help`) rows.push([t('now.fact.help'), t(`link.${device.state}.help`)]);
      rows.push([t('now.fact.tier'), t(`tier.${device.tier}`)]);
      if (device.battery !== null && device.battery !== undefined) rows.push([t('now.fact.battery'), `${device.battery} %${device.battery <= 15 ? ` · ${t('now.status.battery_low')}` : ''}`]);
      rows.push([t('now.fact.signal'), t(`now.signal.${device.signal ?? 'none'}`) + weakWords()]);
    }
    if (today.beats_received !== undefined && !app.away) rows.push([t('now.fact.beats'), today.beats_received ? t('now.status.beats', { n: today.beats_received, share: number(100 * today.beats_flagged / today.beats_received, 1) }) : t('now.status.no_beats')]);
    if (today.gap_s !== undefined && !app.away) rows.push([t('now.fact.gaps'), today.gap_s >= 60 ? t('now.status.gaps', { span: span(today.gap_s / 60), list: gapList(today.gaps ?? gaps) }) : t('now.status.no_gaps')]);
    if (today.rhythm_s >= 300 && !app.away) rows.push([t('now.fact.rhythm'), t('now.status.rhythm', { span: span(today.rhythm_s / 60) })]);
    if (stage && !judged()) rows.push([t('now.fact.usual'), t('now.learnt', { h: Math.round(stage.still_h), of_h: stage.of_h, day: stage.days, of_days: stage.of_days })]);
    if (saved_on_this_computer !== false) rows.push([t('now.fact.saved'), t(here === false ? 'now.status.saved_there' : 'now.status.saved')]);
    if (waits) rows.push([t('now.fact.here'), t('now.status.waiting', { n: waits })]);
    const shape = JSON.stringify(rows);
    if (facts.dataset.shape !== shape) { facts.dataset.shape = shape; facts.replaceChildren(...rows.flatMap(([a, b]) => [h('dt', {}, a), h('dd', {}, b)])); }
    $('.toggle', summary).textContent = t(statusLine.open ? 'now.close' : 'now.details');
  }
  const linkWords = device => t(`link.${device.state}`) === `link.${device.state}` ? device.words : t(`link.${device.state}`);
  const gapList = list => { const long = list.filter(([from, to]) => to - from >= MINUTE).slice(-4); return long.length ? t('now.status.gap_list', { list: long.map(([from, to]) => `${clock(from)}–${clock(to)}`).join(', ') }) : ''; };
  function weakWords() { const weak = all.filter(p => !p.ok && !MOVED.includes(p.gate) && p.z !== null && p.t > day_from); return weak.length >= 5 ? ` · ${t('now.status.weak', { span: span(weak.length) })}` : ''; }
  statusLine.addEventListener('toggle', drawStatus);

  /* ---- the sentence ------------------------------------------------------------------------------------------------------------------------- */
  const text = (el, words) => { if (el.textContent !== words) el.textContent = words; };
  function drawNow() {
    if (veiled || ended || !read_once) return;  // before the day is read nothing is known, not even that there is no signal
    const stage = app.status.stage, device = app.status.device, now_ms = Math.max(now(), last?.t ?? 0);
    const state = stateOfNow({ away: unreached(), stage, device, last, now_ms });
    const at = clock(now_ms), gate = last ? t(`gate.${last.gate}`) : '';
    const id = state === 'level' ? word(level(last.z, last.se), !LEVELS.includes(shownWord)) : word(state, true);
    shownWord = id;
    const shownLevel = state === 'level';
    let where = t('now.place', { at, gate }), what, more;
    if (closed && shownLevel) { what = t('now.looked'); more = t('now.looked_sub'); where = t('now.place_plain', { at }); }
    else if (shownLevel) {
      what = t(`level.${id}`);
      const add = since(all, episodes.episodes, last, id), rough = last.se > .5;
      more = [add ? t(`now.${add.key}`, { n: add.n ?? 0 }) : '', last.gate === 'unknown' ? t('now.movement_unknown') : '', app.status.today?.rhythm_now ? t('now.rhythm') : '', t(rough ? 'now.rough' : 'now.fairly')].filter(Boolean).join(' ');
    } else if (state === 'nosignal') {
      const from = last?.t ?? device?.since_ms;
      where = from && now_ms - from < DAY ? t('now.place_gap', { at, span: span(Math.max(1, (now_ms - from) / MINUTE)) }) : t('now.place_plain', { at });
      what = t('now.nothing');
      const help = device && t(`link.${device.state}.help`) !== `link.${device.state}.help` && device.state !== 'streaming' ? t(`link.${device.state}.sub`) : t('now.nosignal_sub');
      more = `${help} ${from ? t('now.kept_until', { when: clock(from) }) : t('now.tags_work')}`;
    } else if (state === 'learning') {
      where = t('now.place_learning', { day: Math.max(1, stage.days), gate });
      what = t(stage.still_h < .5 ? 'now.begun' : stage.still_h < 8 ? 'now.learning' : 'now.nearly');
      more = t('now.learning_sub', { h: Math.round(stage.still_h), of_h: Math.round(stage.of_h), of_days: stage.of_days });
    } else { what = t(`now.is.${state}`); more = t(`now.is.${state}.sub`); if (['away', 'nodevice'].includes(state)) where = t('now.place_plain', { at }); }
    text(place, where); text(sentence, what); text(sub, more);
    const plain = !shownLevel || closed;
    gauge.hidden = ['learning', 'nodevice', 'away'].includes(state) || closed;
    against.hidden = gauge.hidden;
    pale.hidden = gauge.hidden || plain || !last.se;
    text(against, t(stage?.maturity === 'within_recording' ? 'now.against_recording' : 'now.against'));
    if (!gauge.hidden) drawGauge(plain ? null : last, what);
    const hidden = app.choices.hide_heart_rate === 'yes', live = last && now_ms - last.t < 2 * MINUTE && last.hr !== null && last.hr !== undefined && !app.away;
    hide.setAttribute('aria-pressed', String(hidden));
    text(hide, t(hidden ? 'now.show_heart' : 'now.hide_heart'));
    if (hidden) heart.replaceChildren(t('now.heart_hidden'));
    else if (!live) heart.replaceChildren(t('now.heart_none'));
    else { const [before, after] = t('now.heart', { n: '\u0001' }).split('\u0001'); heart.replaceChildren(before, h('b.num', {}, number(last.hr)), after ?? ''); }
  }
  function drawGauge(p, words) {
    const W = gauge.clientWidth;
    if (!W) return;
    const x = z => (clamp(z, -3, 4) + 3) / 7 * W, hue = p && tone(p.z), se = p?.se ?? 0;
    const drawn = svg(`<rect y="14" width="${W}" height="20" rx="10" fill="var(--sunk)"/><rect x="${x(-1)}" y="14" width="${x(1) - x(-1)}" height="20" fill="var(--usual-band)"/><path d="M${x(-1)} 10v28M${x(1)} 10v28" stroke="var(--usual)" stroke-width="2" stroke-linecap="round"/>` +
      (p ? `<path d="M${clamp(x(p.z - 1.64 * se), 6, W - 6)} 24H${clamp(x(p.z + 1.64 * se), 6, W - 6)}" stroke="var(--${hue})" stroke-opacity=".35" stroke-width="12" stroke-linecap="round"/><circle cx="${clamp(x(p.z), 13, W - 13)}" cy="24" r="11" fill="var(--${hue})" stroke="var(--surface)" stroke-width="3"/>` : '') +
      `<text x="0" y="56"></text><text class="mid" x="${x(0)}" y="56" text-anchor="middle"></text><text x="${W}" y="56" text-anchor="end"></text>`, { width: W, height: 64, role: 'img', direction: 'ltr' });
    drawn.setAttribute('aria-label', words);
    ['below', 'usual', 'above'].forEach((id, i) => { drawn.querySelectorAll('text')[i].textContent = t(`now.gauge.${id}`); });
    gauge.replaceChildren(drawn);
  }
  async function toggleHeart() {
    app.choices = { ...app.choices, hide_heart_rate: app.choices.hide_heart_rate === 'yes' ? 'no' : 'yes' };
    drawNow();
    await send({ kind: 'choice', id: 'hide_heart_rate', method: 'PUT', path: '/profile', body: { hide_heart_rate: app.choices.hide_heart_rate } });
  }

  /* ---- day and week --------------------------------------------------------------------------------------------------------------------------- */
  const model = () => {
    const to_ms = past ? past.to_ms : Math.max(now(), last?.t ?? 0), shown = all.filter(p => p.t >= (past?.from_ms ?? day_from) && p.t <= to_ms), first = shown[0]?.t ?? to_ms, end = past ? shown.at(-1)?.t ?? to_ms : to_ms;
    return { from_ms: Math.min(first, end - 2 * HOUR), to_ms: end, step_ms: STEP_S * 1000, points: shown, gaps: gaps.filter(([from, to]) => to > first && from < end), events: tags.all(), episodes: episodes.episodes, today: !past, judged: judged() };
  };
  async function drawDay() {
    if (veiled || closed || ended || weekView || !read_once) return;
    text(dayHead, past ? t('now.that_day', { day: weekday(past.from_ms), date: dayAndMonth(past.from_ms) }) : t('now.today', { day: weekday(day_from) }));
    if (app.away && !all.length) return void dayBox.replaceChildren(h('div.empty', {}, h('p', {}, t('now.day_away'))));
    if (!judged() && !past) return emptyDay();
    if (!all.length) { chart?.end(); chart = null; return void dayBox.replaceChildren(h('div.empty', {}, h('p', {}, t(past ? 'now.day_nothing' : 'now.day_empty'))), ...back()); }
    if (!chart) {
      try { const { dayPlot } = await import('../day.js'); if (ended || closed) return; const host = h('div', {}); dayBox.replaceChildren(host, ...back()); chart = dayPlot(host); } catch (error) { dayBox.replaceChildren(h('p.small', {}, t('now.no_chart'))); throw error; }
    }
    chart.set(model());
  }
  const back = () => past ? [h('p.back', {}, h('a.btn.quiet', { href: '/' }, t('now.back_today')))] : [];
  function emptyDay() {
    chart?.end(); chart = null;
    const { still_h, of_h, days, of_days } = app.status.stage ?? { still_h: 0, of_h: 20, days: 0, of_days: 5 };
    dayBox.replaceChildren(h('div.empty', {}, h('p', {}, t('now.day_learning')), h('progress', { value: clamp(still_h, 0, of_h), max: of_h, 'aria-label': t('now.quiet_hours') }), h('p.small.num', {}, t('now.learnt', { h: Math.round(still_h), of_h: Math.round(of_h), day: Math.max(1, days), of_days }))));
  }
  async function drawWeek() {
    if (closed) return;
    text(dayHead, t('now.seven'));
    const month = await api.get('/days', { n: DAYS }), days = month.slice(-7), span_ms = [days[0].from_ms, days.at(-1).to_ms], chance = await api.get('/episodes', { from_ms: span_ms[0], to_ms: span_ms[1] }).then(e => e.chance_expected, () => null);
    if (ended || !weekView) return;
    table?.end();
    table = weekTable(days, hoursOf(month));
    weekBox.replaceChildren(h('p.small', {}, weekWords(days, chance)), table.table, table.legend, h('p.back', {}, h('a.btn.quiet', { href: '/weeks' }, t('week.earlier'))));
    table.redraw();
  }
  function period(week) {
    weekView = week;
    asDay.setAttribute('aria-pressed', String(!week)); asWeek.setAttribute('aria-pressed', String(week));
    dayBox.hidden = week; weekBox.hidden = !week;
    (week ? drawWeek() : drawDay()).catch(reached);
  }
  const drawMoments = () => { moments.host.hidden = closed || (app.away && !episodes.episodes.length); if (!veiled && !closed && read_once) moments.draw({ ...episodes, points: all, step_ms: STEP_S * 1000, now_ms: now(), judged: judged(), today: !past }); };

  /* ---- how long one looks ---------------------------------------------------------------------------------------------------------------------- */
  const limit_s = () => 60 * Number(app.choices.view_limit_min || 0), today = () => isoOf(day_from);
  seen.looking = () => !document.hidden && !veiled && !ended && !gone() && !closed && !app.away;
  function look() {
    if (!seen.looking()) return;
    seen.saw(now());
    if (looks.tick(today(), LOOK_S) >= limit_s() && limit_s()) closeCharts();
  }
  function closeCharts() {
    closed = true;
    chart?.end(); chart = null; table?.end(); table = null;
    dayCard.hidden = moments.host.hidden = true;
    limit.hidden = false;
    limit.replaceChildren(h('h2', {}, t('now.limit_head', { n: Math.round(limit_s() / 60) })), h('p.small', {}, t('now.limit_said', { when: clock(daysOn(day_from, 1)) })), h('p.back', {}, h('a.btn.quiet', { href: '/settings' }, t('now.limit_change'))));
    if (looks.tell(today())) say(t('now.limit_head', { n: Math.round(limit_s() / 60) }));
    drawNow();
  }

  /* ---- reading ---------------------------------------------------------------------------------------------------------------------------------- */
  const reached = error => { if (!(error instanceof api.ApiError)) { lost_ms ??= Date.now(); return; } if (error.status === 401) app.go('/join'); };
  async function readDay() {
    const from_ms = past?.from_ms ?? day_from, to_ms = past?.to_ms ?? Math.ceil(now()) + MINUTE;
    const [indices, found] = await Promise.all([api.get('/indices', { from_ms, to_ms, step: STEP_S }), api.get('/episodes', { from_ms, to_ms })]);
    const live = last && !past ? all.filter(p => p.t > (indices.t_ms.at(-1) ?? 0)) : [];
    all = [...points(indices), ...live]; gaps = indices.gaps;
    last = past ? last : all.at(-1) ?? last;
    setEpisodes(found);
  }
  function setEpisodes(found) { episodes = { ...found, episodes: [...found.episodes].sort((a, b) => a.start_ms - b.start_ms) }; }
  async function readTags() { const to_ms = Math.ceil(now()) + DAY; tags.read(await api.get('/events', { from_ms: Math.min(day_from, past?.from_ms ?? day_from) - 35 * DAY, to_ms })); }
  async function readRatings() { ratings = await api.get('/ratings', { from_ms: day_from - 35 * DAY, to_ms: Math.ceil(now()) + MINUTE }); line.read(ratings); outcome.read(ratings); }

  /** Draws all that is drawn from what is known, a moment later and once. */
  function later() { if (pendingDraw || ended) return; pendingDraw = true; requestAnimationFrame(() => { pendingDraw = false; drawAll(); }); }
  function drawAll() {
    if (ended) return;
    drawStatus(); drawNow(); drawDay().catch(reached); drawMoments();
    tags.drawList(past?.from_ms ?? day_from, past?.to_ms ?? daysOn(day_from, 1));
  }

  /** What changed on the server is read again: the list soon, the whole day after the stream had been lost. */
  function again(whole = false) {
    wholeDay ||= whole;
    if (reload || ended) return;
    reload = setTimeout(() => {
      reload = null;
      if (reloading) return again();
      const whole = wholeDay;
      wholeDay = false; readAt = Date.now();
      reloading = (async () => {
        await readTags(); await readRatings();
        if (whole) { await app.refresh(); lost_ms = app.away ? lost_ms : null; await readDay(); }
        else setEpisodes(await api.get('/episodes', { from_ms: past?.from_ms ?? day_from, to_ms: past?.to_ms ?? Math.ceil(now()) + MINUTE }));
        later();
        if (weekView && whole) await drawWeek();
      })().catch(reached).finally(() => { reloading = null; });
    }, Math.max(SOON_MS, readAt + APART_MS - Date.now()));
  }

  /* ---- live --------------------------------------------------------------------------------------------------------------------------------------- */
  let arrived = null;
  /** A new point is drawn with the next picture of the screen; how long that took is kept in `app.drawn`. */
  function live(p) {
    const point = { t: p.t_ms, z: p.z, se: p.se, gate: p.gate, ok: p.ok, hr: p.hr };
    last = point;
    if (!past) append(all, point, STEP_S * 1000);
    if (arrived) { arrived = p; return; }
    arrived = p;
    const heard = performance.now();
    requestAnimationFrame(() => {
      const given = arrived;
      arrived = null;
      if (ended) return;
      drawNow();
      if (chart && !weekView && !past && !closed && !veiled) chart.set(model()); else if (!chart) drawDay().catch(reached);
      const frame = new MessageChannel();
      frame.port1.onmessage = () => {
        frame.port1.close();
        performance.clearMeasures('now-drawn');
        performance.measure('now-drawn', { start: heard });
        const drawn_ms = performance.timeOrigin + performance.now();
        app.drawn.push({ t_ms: given.t_ms, sent_ms: given.sent_ms, drawn_ms, late_ms: drawn_ms + (api.now() - Date.now()) - given.sent_ms });
        if (app.drawn.length > KEPT) app.drawn.shift();
      };
      frame.port2.postMessage(null);
    });
  }
  function hear(name, data) {
    if (name === 'now') live(data);
    else if (name === 'link') { app.status = { ...app.status, device: app.status.device && { ...app.status.device, ...data } }; if (!app.status.device) again(true); later(); }
    else if (name === 'changed' || name === 'overflow') again(name === 'overflow');
    else if (name === 'open') { queue().wake(); if (lost_ms !== null) { lost_ms = null; again(true); } }
    else if (name === 'lost') lost_ms ??= Date.now();
  }

  /* ---- coming and going ------------------------------------------------------------------------------------------------------------------------------ */
  function begin() {
    drawAll();
    if (limit_s() && looks.seconds(today()) >= limit_s()) closeCharts();
  }
  function woken() {
    if (document.hidden) return;
    if (!veiled && !tags.open && tagFirst(now(), seen.seen_ms)) ask();
    again(true);
  }
  /** The kinds first, and nothing of today behind them. */
  function ask() {
    veiled = true;
    text(place, ''); text(sentence, ''); text(sub, ''); gauge.replaceChildren();
    tags.openKinds({ asFirst: true });
  }

  if (wanted) { const days = await api.get('/days', { n: 400 }).catch(() => []), day = days.find(each => each.day === wanted); if (day && day.from_ms !== day_from) past = { from_ms: day.from_ms, to_ms: day.to_ms }; }
  if (gone()) return () => tags.end();
  asDay.setAttribute('aria-pressed', 'true'); asWeek.setAttribute('aria-pressed', 'false');
  veiled = !past && (new URLSearchParams(location.search).has('tag') || tagFirst(now(), seen.seen_ms));
  root.append(page, tags.dock, tags.dialog);
  drawStatus();
  tags.drawList(day_from, daysOn(day_from, 1));
  if (veiled) ask();
  app.listeners.add(hear);
  document.addEventListener('visibilitychange', woken);
  const sized = new ResizeObserver(() => drawNow());
  sized.observe(gauge.parentElement);
  const looking = setInterval(look, LOOK_S * 1000);
  const minute = setInterval(async () => {
    if (document.hidden) return;
    try { await app.refresh(); } catch (error) { reached(error); }
    if ((app.status.day_from_ms ?? dayStart(now())) !== day_from) { app.go(location.pathname + location.search); return; }
    later();
  }, MINUTE);
  const second = setInterval(() => { if (last && now() - last.t > MINUTE || lost_ms !== null) { drawNow(); drawStatus(); } }, 5000);
  ends.push(() => app.listeners.delete(hear), () => document.removeEventListener('visibilitychange', woken), () => sized.disconnect(), () => clearInterval(looking), () => clearInterval(minute), () => clearInterval(second), () => clearTimeout(reload), () => chart?.end(), () => table?.end(), () => tags.end());

  if (!app.away) {
    try { await Promise.all([readDay(), readTags(), readRatings()]); } catch (error) { reached(error); }
  }
  read_once = true;
  if (!veiled && !gone()) { begin(); look(); }
  return () => { ended = true; for (const end of ends) end(); };
}
