/* What a report's findings say, in words and rows: the figures are the report's own and nothing is computed from them. What is not to be said
   has a sentence of its own, and what it would take. */
import { kindName } from './kit.js';
import { language, number, t } from './texts.js';

/** How many moments, answers or decisions a figure needs before it is shown, by metric; the same numbers as the program's. */
export const LEAST = { dz10: 8, dz10_trend: 12, dz10_contrast: 10, t_half_s: 8, t_half_trend: 8, concordance: 12, belonging_trend: 14, engagement_trend: 14, offer: 20 };
/** Under so many, moments are listed and not drawn. */
export const LISTED_BELOW = 5;
const FIGURES = ['not_told_apart', 'higher', 'lower'];
export const WEEKS = [4, 12, 52];

/* ---- numbers --------------------------------------------------------------------------------------------------------------------------------- */
const fixed = (x, digits, more) => new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits, ...more }).format(x).replace('-', '\u2212');
/** With its sign, as in +1.3; what is shown as nothing has none. */
export const signed = (x, digits = 1) => fixed(x, digits, { signDisplay: 'exceptZero' });
const digitsOf = metric => (metric === 'concordance' ? 2 : metric === 't_half_trend' ? 0 : 1);
const interval = (low, high, digits) => t('findings.interval', { low: signed(low, digits), high: signed(high, digits) });
/** "+1.3 (+1.0 to +1.6)", or nothing where nothing is to be said. */
export const figure = f => told(f) ? `${signed(f.effect, digitsOf(f.metric))} (${interval(f.low, f.high, digitsOf(f.metric))})` : '';
const listed = words => new Intl.ListFormat(language, { type: 'conjunction' }).format(words);

const dated = options => iso => new Intl.DateTimeFormat(language, { timeZone: 'UTC', ...options }).format(new Date(`${iso.slice(0, 10)}T00:00Z`));
export const shortDay = dated({ day: 'numeric', month: 'short' });
export const longDay = dated({ day: 'numeric', month: 'long' });
const withYear = dated({ day: 'numeric', month: 'long', year: 'numeric' });
export const hour = iso => iso.slice(11, 16);
/** A moment as the wearer's clock had it: "12 Nov, 19:15". */
export const whenWords = (iso, certainty_s = 0) => t(certainty_s >= 2700 ? 'findings.when_about' : 'findings.when', { day: shortDay(iso), time: hour(iso) });
export const spanWords = ({ from_day, to_day }) => t('findings.span', { from: from_day.slice(0, 4) === to_day.slice(0, 4) ? longDay(from_day) : withYear(from_day), to: withYear(to_day) });

/* ---- what may be said ------------------------------------------------------------------------------------------------------------------------ */
/** Whether the figures of a finding may stand: by its verdict, and once more by its number. */
export const told = f => FIGURES.includes(f.verdict) && f.n_blind >= (LEAST[f.metric] ?? 0) && [f.effect, f.low, f.high].every(x => x !== null);
export const claimed = f => told(f) && f.verdict !== 'not_told_apart';
/** How many more its reason asks for; null where it names no number. */
export const more = f => { const n = /:\s*(\d+)$/.exec(f.reason ?? '')?.[1]; return n === undefined ? null : Number(n); };
/** Surely there, and under half an SD. */
export const small = f => told(f) && !claimed(f) && f.reason === 'small';
/** The interval leaves none out, and still chance does as much too often: never told as one that includes none. */
export const withinChance = f => told(f) && !claimed(f) && (f.reason === 'within_chance' || f.low > 0 || f.high < 0);
export const verdictOf = f => told(f) ? (small(f) ? 'small' : f.verdict) : f.n_blind < LISTED_BELOW ? 'listed_only' : f.n_blind < (LEAST[f.metric] ?? 0) ? 'too_few' : 'not_said';
export const verdictWords = f => t(`findings.verdict.${verdictOf(f)}`, { count: f.n_blind, need: LEAST[f.metric] ?? 0 });

/** What the page calls a group of moments. */
export const groupName = (scope, word) => scope === 'kind' ? kindName(word) : t(`${scope}.${word}`);
/** The same inside a sentence. */
export const inside = name => language === 'en' ? name[0].toLowerCase() + name.slice(1) : name;
const named = groups => listed(groups.map(g => inside(groupName(g.scope, g.word))));
const wordOf = f => { const [scope, word] = f.scope.split(':'); return inside(groupName(scope, word ?? '')); };

/* ---- rows of the table-plot ------------------------------------------------------------------------------------------------------------------ */
/** One row a group: who it is, how many, what is drawn, what is said. Fewer than five are listed and not drawn. */
export const rowsOf = groups => groups.map(g => {
  const f = g.finding, says = verdictOf(f), drawn = f.n_blind >= LISTED_BELOW;
  return {
    scope: g.scope, word: g.word, name: groupName(g.scope, g.word), says, claimed: claimed(f), figure: figure(f), words: verdictWords(f),
    counts: t('findings.counts', { tagged: number(g.tagged), counted: number(g.counted) }) + (g.felt === null ? '' : ` · ${t('findings.felt', { felt: number(g.felt, 1) })}`),
    points: drawn ? g.points : [], band: drawn ? g.matched : null, effect: told(f) ? [f.effect, f.low, f.high] : null,
    band_words: drawn && g.matched ? t('findings.band_said', { low: signed(g.matched[0]), high: signed(g.matched[1]) }) : '',
  };
});

const REACH = [-2, 4], FURTHEST = [-6, 10];
/** One scale for all rows: from -2 to +4 SD, wider where something lies beyond, in whole steps. */
export function scaleOf(rows) {
  const all = rows.flatMap(r => [...r.points, ...(r.band ?? []), ...(r.effect ?? [])]);
  const low = Math.min(REACH[0], ...all.map(Math.floor)), high = Math.max(REACH[1], ...all.map(Math.ceil));
  return [Math.max(FURTHEST[0], low - (low % 2 ? 1 : 0)), Math.min(FURTHEST[1], high + (high % 2 ? 1 : 0))];
}
/** Where on a scale, in per cent; what lies beyond stands at its end. */
export const place = (z, [low, high]) => Math.min(100, Math.max(0, (z - low) / (high - low) * 100));

/** The moments of a row, newest first. */
export const momentsOf = (report, row) => report.moments.filter(m => row.scope === 'kind' ? m.kind === row.word : row.scope === 'action' ? m.action === row.word : m[row.scope].includes(row.word));

/* ---- sentences ------------------------------------------------------------------------------------------------------------------------------- */
const fewOf = report => report.kinds.filter(g => ['listed_only', 'too_few', 'not_said'].includes(verdictOf(g.finding)));

export const nothingYet = report => report.coverage.worn_h < 1 && !report.moments.length;

/** What these weeks come to, in a few plain sentences. */
export function gist(report) {
  const { coverage, kinds, offers } = report, said = [];
  if (coverage.days_worn) said.push(t('findings.worn', { n: coverage.days_worn, of: number(coverage.days), hours: number(coverage.worn_h / coverage.days_worn, 1) }));
  else said.push(t('findings.not_worn'));
  if (!kinds.length) { said.push(t('findings.no_tags')); return said; }
  if (coverage.counted === 0) said.push(noneCounted(coverage));
  const higher = kinds.filter(g => claimed(g.finding) && g.finding.verdict === 'higher'), lower = kinds.filter(g => claimed(g.finding) && g.finding.verdict === 'lower');
  if (higher.length) said.push(t('findings.rose', { kinds: named(higher) }));
  if (lower.length) said.push(t('findings.stayed', { kinds: named(lower) }));
  const few = fewOf(report), slight = kinds.filter(g => small(g.finding));
  if (slight.length) said.push(t('findings.small', { n: slight.length }));
  if (!higher.length && !lower.length && !slight.length && few.length < kinds.length) said.push(t('findings.none_differed'));
  if (few.length && coverage.counted !== 0) said.push(few.length === kinds.length ? t('findings.all_few') : t('findings.few', { n: few.length, of: number(kinds.length) }));
  for (const [verdict, key] of [['higher', 'grow'], ['lower', 'fade']]) {
    const found = report.trends.filter(f => claimed(f) && f.verdict === verdict);
    if (found.length) said.push(t(`findings.${key}`, { kinds: listed(found.map(wordOf)) }));
  }
  if (report.settling.trend && claimed(report.settling.trend)) said.push(t(`findings.settles_${report.settling.trend.verdict}`, { figure: figure(report.settling.trend) }));
  if (offers.decisions) said.push(t(`findings.breath_${breathOf(offers)}`, { felt: feltWords(offers, 'findings.breath_alike', 'findings.breath_felt') }));
  return said;
}
/** Why nothing is compared though moments were tagged; it is never that they were too few. */
const noneCounted = ({ usable, not_blind, asked }) => !usable ? t('findings.none_usable') : not_blind >= usable ? t('findings.none_blind', { n: usable })
  : t(not_blind + asked >= usable ? 'findings.none_unasked' : 'findings.none_counted');
const middle = values => { const sorted = values.toSorted((a, b) => a - b), k = sorted.length; return number((sorted[(k - 1) >> 1] + sorted[k >> 1]) / 2, 1); };
/** How distress was rated ten minutes after, by what the lot said; described, not compared. */
function feltWords({ rated_offered, rated_withheld }, alike, apart) {
  if (!rated_offered.length || !rated_withheld.length) return '';
  const [offered, withheld] = [middle(rated_offered), middle(rated_withheld)];
  return offered === withheld ? t(alike, { offered }) : t(apart, { offered, withheld });
}
const breathOf = ({ finding }) => claimed(finding) ? (finding.verdict === 'lower' ? 'lower' : 'higher') : 'open';

/** What cannot be said yet, and what it would take. */
export function notYet(report) {
  const said = [], few = fewOf(report), open = report.kinds.filter(g => told(g.finding) && !claimed(g.finding) && !small(g.finding));
  if (few.length && report.coverage.counted === 0) said.push(t('findings.yet.none_counted', { need: LEAST.dz10 }));
  else if (few.length) said.push(t('findings.yet.few', { kinds: listed(few.map(g => `${inside(groupName(g.scope, g.word))} (${number(g.finding.n_blind)})`)), need: LEAST.dz10 }));
  const waits = open.filter(g => more(g.finding) !== null), unsure = open.filter(g => more(g.finding) === null);
  if (waits.length === 1) said.push(t(withinChance(waits[0].finding) ? 'findings.yet.open_chance' : 'findings.yet.open', { kind: named(waits), n: more(waits[0].finding) }));
  else if (waits.length) said.push(t('findings.yet.opens', { kinds: listed(waits.map(g => `${inside(groupName(g.scope, g.word))} (${number(more(g.finding))})`)) }));
  for (const [key, some] of [['enough', unsure.filter(g => !withinChance(g.finding))], ['chance', unsure.filter(g => withinChance(g.finding))], ['small', report.kinds.filter(g => small(g.finding))]])
    if (some.length) said.push(t(`findings.yet.${key}`, { kinds: named(some) }));
  if (report.trends.length && !report.trends.some(told)) {
    const most = report.trends.reduce((a, b) => (b.n_blind > a.n_blind ? b : a));
    said.push(t('findings.yet.trend', { need: LEAST.dz10_trend, kind: wordOf(most), n: most.n_blind }));
  }
  if (report.kinds.length > 1 && !report.contrasts.some(claimed)) said.push(report.contrasts.some(told) ? t('findings.yet.contrast_open') : t('findings.yet.contrast', { need: LEAST.dz10_contrast }));
  if (report.kinds.length && report.settling.median_min === null) said.push(t('findings.yet.settling', { need: LEAST.t_half_s, n: report.settling.n }));
  if (report.kinds.length && !told(report.concord.finding)) said.push(t('findings.yet.concord', { need: LEAST.concordance, n: report.concord.finding.n_blind }));
  if (report.offers.decisions && !claimed(report.offers.finding)) said.push([t('findings.yet.offers', { n: report.offers.offered.length + report.offers.withheld.length }), report.offers.least_effect === null ? '' : t('findings.yet.missed', { effect: fixed(report.offers.least_effect, 1) })].filter(Boolean).join(' '));
  if (report.kinds.length) said.push(t('findings.yet.why'));
  return said;
}

/** What changes over these weeks, where that may be said: a sentence each; what shows no change, in one. */
export function changing(report) {
  const lines = report.trends.filter(claimed).map(f => t(`findings.trend.${f.verdict}`, { what: wordOf(f), figure: figure(f) })), still = report.trends.filter(f => told(f) && !claimed(f));
  if (still.length) lines.push(t('findings.trend.not_told_apart', { what: listed(still.map(wordOf)) }));
  for (const [id, series] of [['level', report.level], ['belonging', report.belonging], ['engagement', report.engagement]]) {
    if (told(series.finding)) lines.push(t(`findings.series.${withinChance(series.finding) ? 'within_chance' : series.finding.verdict}`, { what: t(`findings.series.${id}`), figure: figure(series.finding), unit: t(`findings.series.${id}.unit`) }));
    if (series.change_at) lines.push(t(series.change_up ? 'findings.shift_up' : 'findings.shift_down', { what: t(`findings.series.${id}`), day: longDay(series.change_at) }));
  }
  return lines;
}

/** Two kinds beside each other, where one may be said to move the body more: the larger first, the clearest difference first. */
export const besides = report => report.contrasts.filter(claimed).map(f => {
  const [scope, words] = f.scope.split(':'), names = words.split('-').map(word => inside(groupName(scope, word)));
  const [a, b] = f.effect < 0 ? names.toReversed() : names, way = f.effect < 0 ? { ...f, effect: -f.effect, low: -f.high, high: -f.low } : f;
  return [way.effect, t('findings.beside', { a, b, figure: figure(way) })];
}).sort(([a], [b]) => b - a).map(([, text]) => text);

/** How fast the body comes half-way back. */
export function settlingWords({ median_min, low_min, high_min, n, censored, trend }) {
  if (median_min === null) return [t('findings.settling.none', { n, need: LEAST.t_half_s })];
  const range = low_min === null ? '' : high_min === null ? t('findings.settling.from', { low: number(low_min) }) : t('findings.settling.range', { low: number(low_min), high: number(high_min) });
  const words = [t('findings.settling.half', { n: Math.round(median_min) }) + (range ? ` (${range})` : '') + '.', t('findings.settling.of', { n }) + (censored ? ` ${t('findings.settling.cut', { n: censored })}` : '')];
  if (told(trend)) words.push(t(`findings.settling.trend_${withinChance(trend) ? 'chance' : trend.verdict}`, { figure: figure(trend) }));
  else words.push(t('findings.settling.trend_open'));
  return words;
}

/** Whether what is felt and what the body does go together. Neither is right or wrong. */
export function concordWords({ finding: f }) {
  if (!told(f)) return [t('findings.concord.none', { n: f.n_blind, need: LEAST.concordance })];
  return [t('findings.concord.r', { figure: figure(f), n: f.n_blind }), t(`findings.concord.${withinChance(f) ? 'within_chance' : f.verdict}`)];
}

/** A breath as chance offered or withheld it. */
export function offersWords(offers) {
  const { finding: f, decisions, offered, withheld, taken, made = null, rated_offered, rated_withheld } = offers;
  if (!decisions) return [t('findings.offers.none')];
  const words = [t(`findings.offers.${breathOf(offers)}`) + (told(f) ? ` ${[t('findings.offers.figure', { figure: figure(f) }), feltWords(offers, 'findings.offers.felt_alike', 'findings.offers.felt')].filter(Boolean).join(' ')}` : '')];
  const counts = { n: decisions, read: number(offered.length + withheld.length), offered: number(offered.length), withheld: number(withheld.length), taken: number(taken) };
  words.push(made === null ? t('findings.offers.taken', counts) : t('findings.offers.taken_of', { ...counts, made: number(made) }));
  if (rated_offered.length + rated_withheld.length) words.push(t('findings.offers.rated', { n: rated_offered.length + rated_withheld.length }));
  return words;
}

/** Two numbers in one sentence, or the one there is, or nothing. */
const pair = (key, before, a, after, b) => a === null && b === null ? '' : a === null ? t(`findings.step_${key}_${after}`, { [after]: number(b) }) : b === null ? t(`findings.step_${key}_${before}`, { [before]: number(a) }) : t(`findings.step_${key}`, { [before]: number(a), [after]: number(b) });
const stateOf = (s, to_day) => s.state === 'dropped' ? 'dropped' : s.state === 'done' || s.met !== null || s.outcome !== null ? '' : s.when.slice(0, 10) > to_day ? 'planned' : 'open';
/** A planned step: expected against met, in numbers where they were given. */
export const stepRows = (steps, to_day) => steps.map(s => ({
  day: shortDay(s.when), text: s.text || t('findings.step_plain'), state: stateOf(s, to_day) && t(`findings.step_${stateOf(s, to_day)}`),
  words: [pair('hard', 'expected', s.expected, 'met', s.met), pair('feared', 'expectancy', s.expectancy, 'outcome', s.outcome),
    s.dz10 === null ? '' : t('findings.step_change', { change: signed(s.dz10) })].filter(Boolean),
}));

/** What became of a tagged moment: its figures, or why it is listed and not counted. */
export function momentWords(m) {
  const half = m.half_min === null ? '' : t(m.half_censored ? 'findings.half_over' : 'findings.half', { n: Math.round(m.half_min) });
  return [m.with_whom.map(id => t(`with_whom.${id}`)).join(', '), m.action ? t(`action.${m.action}`) : '', m.felt === null ? '' : t('findings.felt', { felt: number(m.felt) }),
    m.dz10 === null ? '' : t('findings.change', { change: signed(m.dz10) }), half, m.standing === 'counted' ? '' : t(`findings.standing.${m.standing}`)].filter(Boolean);
}
