/* What these weeks say: the report's findings on the page, a section each, text beside every drawing. A kind opens its moments; a moment says
   what it is matched with. */
import * as api from './api.js';
import { LEAST, LISTED_BELOW, WEEKS, besides, changing, concordWords, gist, momentWords, momentsOf, notYet, nothingYet, offersWords, rowsOf, scaleOf, settlingWords, signed, spanWords, stepRows, whenWords, shortDay, hour } from './findings.js';
import { glyph, h } from './kit.js';
import { reportButtons } from './paper.js';
import { arms, axis, curve, matchPlot, plotKey, rowPlot, scatter } from './plots.js';
import { number, t } from './texts.js';

const LONG_MS = 2500, LOOK_MS = 1500, AT_FIRST = 8, STEPS = 5, SCOPES = ['with_whom', 'action', 'context'];

/** The sections. `shown()` is called when anything of the body is on the screen. Gives `host`, `read(weeks)` and what ends it. */
export function weeksSaid({ app, shown = () => {} }) {
  const host = h('div.said', {}), dialog = h('dialog.sheet.matched', { 'aria-labelledby': 'match-title' });
  dialog.addEventListener('click', e => { if (e.target === dialog) dialog.close(); });
  let weeks = WEEKS[0], asked = 0, ended = false, report = null, ids = 0;

  const chosen = WEEKS.map(n => h('button', { type: 'button', 'aria-pressed': String(n === weeks), onclick: () => read(n) }, t(`findings.weeks_${n}`)));
  const choose = h('div.seg', { role: 'group', 'aria-label': t('findings.weeks') }, chosen);
  const status = h('p.small', { role: 'status' }), howFar = h('p.small.num', {}), body = h('div.said-body', {});
  host.append(h('div.choose', {}, choose, h('div', {}, status, howFar)), body, dialog);

  async function read(n = weeks) {
    weeks = n;
    chosen.forEach((b, i) => b.setAttribute('aria-pressed', String(WEEKS[i] === weeks)));
    const mine = ++asked, late = () => mine !== asked || ended;
    status.textContent = t('findings.reading');
    body.setAttribute('aria-busy', 'true');
    const long = setTimeout(() => { if (!late()) { status.textContent = t('findings.reading_long'); look = setInterval(far, LOOK_MS); } }, LONG_MS);
    let look;
    /** How far it is, said to the eye alone: a number that changes every second is nothing to be read aloud. */
    async function far() {
      const { share } = await api.get('/findings/progress').catch(() => ({ share: null }));
      if (!late() && share !== null && body.hasAttribute('aria-busy')) howFar.textContent = t('findings.reading_share', { share: number(100 * share) });
    }
    try {
      const found = await api.get('/findings', { weeks });
      if (late()) return;
      report = found;
      status.textContent = spanWords(report);
      draw();
    } catch (error) {
      if (late()) return;
      status.textContent = '';
      body.replaceChildren(h('section.card', {}, h('p', {}, t('findings.not_read')), h('button.btn', { type: 'button', onclick: () => read() }, t('findings.again'))));
      if (error.status === 401) app.go('/join');
    } finally { clearTimeout(long); clearInterval(look); if (!late()) { body.removeAttribute('aria-busy'); howFar.textContent = ''; } }
  }

  const card = (id, ...inside) => h('section.card', { 'aria-labelledby': `said-${id}` }, h('h2', { id: `said-${id}` }, t(`findings.${id}_head`)), ...inside);
  const lines = (words, kind = 'p.small') => words.map(text => h(kind, {}, text));

  function draw() {
    if (nothingYet(report)) {
      body.replaceChildren(h('section.card', { 'aria-labelledby': 'said-empty' }, h('h2', { id: 'said-empty' }, t('findings.empty_head')), h('p.small', {}, t('findings.empty', { list: LISTED_BELOW, need: LEAST.dz10 }))));
      return;
    }
    const yet = notYet(report), over = [report.chance === null ? '' : t('findings.rises', { n: report.rises_with_chance, hours: number(Math.round(report.usable_h_with_chance)), chance: number(Math.round(report.chance)) }), ...changing(report)].filter(Boolean);
    body.replaceChildren(
      card('gist', h('p.gist', {}, gist(report).join(' ')), h('p.tiny', {}, t('findings.limit'))),
      report.kinds.length ? card('kinds', h('p.small', {}, t('findings.kinds_lead')), plotKey(), table(rowsOf(report.kinds)), ...others(), ...pairs()) : '',
      yet.length ? card('yet', h('p.small', {}, t('findings.yet_lead')), h('ul.dashes', {}, lines(yet, 'li'))) : '',
      h('div.said-pairs', {},
        over.length ? card('changing', ...lines(over)) : '',
        card('settling', ...lines(settlingWords(report.settling)), report.settling.steps.length > 1 && report.settling.median_min !== null ? h('figure', {}, curve(report.settling), h('figcaption.tiny', {}, t('findings.settling.axis'))) : ''),
        card('concord', ...lines(concordWords(report.concord)), report.concord.points.length >= LISTED_BELOW ? h('figure', {}, scatter(report.concord), h('figcaption.tiny', {}, t('findings.concord.axis'))) : ''),
        card('offers', ...lines(offersWords(report.offers)), report.offers.offered.length + report.offers.withheld.length ? arms(report.offers) : '', report.offers.decisions ? h('p.tiny', {}, t('findings.offers.no_before')) : ''),
        report.steps.length ? card('steps', steps()) : '',
        card('report', h('p.small', {}, t('findings.report_lead')), reportButtons({ weeks: () => weeks, made: shown }), h('p.small', {}, h('a', { href: '/settings#report' }, t('findings.report_choices'))))));
    shown();
  }

  function steps(all = false) {
    const rows = stepRows(report.steps.toReversed(), report.to_day), some = all ? rows : rows.slice(0, STEPS), left = rows.length - some.length;
    const list = h('ul.steps', {}, some.map(s => h('li', { tabindex: '-1' }, h('p', {}, h('b', {}, s.text), h('span.small', {}, ` · ${s.day}${s.state ? `, ${s.state}` : ''}`)), s.words.length ? h('p.small', {}, s.words.join(' ')) : '')));
    const host = h('div', {}, list, left ? h('button.btn.quiet', { type: 'button', onclick: () => { const whole = steps(true); host.replaceWith(whole); whole.querySelectorAll('li')[some.length].focus(); } }, t('findings.steps_more', { n: left })) : '');
    return host;
  }

  /** One kind beside another: nothing for the first look, as every pair is one. */
  function pairs() {
    const said = besides(report);
    return said.length ? [h('details.others', {}, h('summary', {}, t('findings.beside_head')), h('ul.dashes', {}, lines(said, 'li')))] : [];
  }

  function others() {
    const groups = SCOPES.map(scope => [scope, report.others.filter(g => g.scope === scope)]).filter(([, found]) => found.length);
    if (!groups.length) return [];
    return [h('details.others', {}, h('summary', {}, t('findings.others_head')), h('p.small', {}, t('findings.others_lead')), ...groups.map(([scope, found]) => h('div', {}, h('h3', {}, t(`findings.scope.${scope}`)), table(rowsOf(found)))))];
  }

  /* ---- the table-plot ------------------------------------------------------------------------------------------------------------------------ */
  function table(rows) {
    const reach = scaleOf([...rowsOf(report.kinds), ...rows]);
    return h('div.table-plot', {}, h('div.over', {}, axis(reach)), h('ul', {}, rows.map(row => line(row, reach))));
  }

  function line(row, reach) {
    const id = `said-row-${++ids}`, box = h('div', { id, hidden: true, role: 'group', 'aria-label': t('findings.moments_of', { kind: row.name }) });
    const button = h('button.plot-line', { type: 'button', 'aria-expanded': 'false', 'aria-controls': id, 'data-group': `${row.scope}:${row.word}`, onclick: () => {
      const open = box.hidden;
      if (open && !box.childElementCount) list(box, momentsOf(report, row));
      box.hidden = !open;
      button.setAttribute('aria-expanded', String(open));
    } }, h('span.name', {}, row.scope === 'kind' ? glyph(row.word, 26) : '', h('span', {}, h('b', {}, row.name), h('span.small.num', {}, row.counts))), h(row.points.length || row.effect ? 'span.drawing' : 'span.drawing.undrawn', {}, rowPlot(row, reach)),
    h('span.says.num', {}, row.figure ? h('span', {}, row.figure, ' ') : '', h(row.claimed ? 'b' : 'span.quiet', {}, row.words), row.band_words ? h('span.sr', {}, ` ${row.band_words}`) : ''), h('span.turn', { 'aria-hidden': 'true' }));
    return h('li', {}, button, box);
  }

  function list(box, moments, all = false) {
    const some = all ? moments : moments.slice(0, AT_FIRST), left = moments.length - some.length;
    if (!moments.length) { box.replaceChildren(h('p.small', {}, t('findings.no_moments'))); return; }
    box.replaceChildren(h('ol.moments-of', {}, some.map(m => h('li', {}, h('button.tagrow', { type: 'button', 'data-event': m.event_id, onclick: () => open(m) },
      h('span.kindname.num', {}, whenWords(m.when, m.certainty_s), h('span.tiny', {}, momentWords(m).join(' · '))), h('span.edit', {}, t('findings.match_head')))))),
    left ? h('button.btn.quiet', { type: 'button', onclick: () => { list(box, moments, true); box.querySelectorAll('button')[some.length]?.focus(); } }, t('findings.more_moments', { n: left })) : '');
  }

  /* ---- matched with what? -------------------------------------------------------------------------------------------------------------------- */
  async function open(moment) {
    const title = h('h2', { id: 'match-title', tabindex: '-1' }, t('findings.match_head')), inside = h('div.fields', {}, h('p.small', { role: 'status' }, t('findings.reading')));
    dialog.replaceChildren(h('form', { method: 'dialog' }, h('div.title', {}, h('span.mark', { 'aria-hidden': 'true' }, glyph(moment.kind, 44)), h('div', {}, title, h('p.small.num', {}, `${t(`kind.${moment.kind}`)}, ${whenWords(moment.when, moment.certainty_s)}`))), inside,
      h('div.end', {}, h('button.btn.go', { type: 'submit' }, t('findings.close')))));
    dialog.showModal();
    title.focus({ preventScroll: true });
    try {
      const found = await api.get(`/findings/moments/${encodeURIComponent(moment.event_id)}`, { weeks });
      if (!ended) inside.replaceChildren(...matched(found));
    } catch (error) { if (!ended) inside.replaceChildren(h('p.small', { role: 'status' }, error.what || t('common.not_reached'))); }
  }

  function matched(m) {
    const known = m.matches.map(each => each.dz10).filter(z => z !== null), reach = scaleOf([{ points: [...known, ...(m.dz10 === null ? [] : [m.dz10])] }]);
    const about = h('p', {}, m.dz10 === null ? t('findings.match_no_change') : t('findings.match_this', { change: signed(m.dz10) }), m.standing === 'counted' ? '' : ` ${t(`findings.standing.${m.standing}`)}.`);
    if (!m.matches.length) return [about, h('p.small', {}, t('findings.match_none'))];
    return [about, h('p.small', {}, t('findings.match_lead', { n: m.matches.length })), h('div', {}, axis(reach), matchPlot(m.dz10, known, reach), h('p.tiny', {}, t('findings.match_drawn'))),
      h('table.matches.num', {}, h('thead', {}, h('tr', {}, ['day', 'time', 'still', 'change'].map(key => h(key === 'day' || key === 'time' ? 'th' : 'th.r', { scope: 'col' }, t(`findings.match_${key}`))))),
        h('tbody', {}, [...m.matches].sort((a, b) => (a.when < b.when ? 1 : -1)).map(each => h('tr', {}, h('td', {}, shortDay(each.when)), h('td', {}, hour(each.when)), h('td.r', {}, `${number(100 * each.still)} %`), h('td.r', {}, each.dz10 === null ? '–' : signed(each.dz10))))))];
  }

  return { host, read, get report() { return report; }, end() { ended = true; if (dialog.open) dialog.close(); } };
}
