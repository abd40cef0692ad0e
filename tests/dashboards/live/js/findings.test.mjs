/* What findings say on the page: which figures may stand, in which words, and what is missing. Words are the page's own English ones. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { besides, changing, concordWords, figure, gist, momentWords, momentsOf, more, notYet, nothingYet, offersWords, place, rowsOf, scaleOf, settlingWords, signed, stepRows, told, verdictOf, whenWords } from '../../../../dashboards/live/static/js/findings.js';
import { outcomeOf } from '../../../../dashboards/live/static/js/outcome.js';
import { howOf, pairsOf, spansOf } from '../../../../dashboards/live/static/js/spans.js';
import { speak } from '../../../../dashboards/live/static/js/texts.js';

const texts = new URL('../../../../dashboards/live/static/texts/', import.meta.url);
const all = language => Object.assign({}, ...readdirSync(new URL(`${language}/`, texts)).map(name => JSON.parse(readFileSync(new URL(`${language}/${name}`, texts), 'utf8'))));
globalThis.fetch = async path => ({ json: async () => all(path.slice(7, 9)) });
globalThis.document = { documentElement: {} };
Object.defineProperty(globalThis, 'navigator', { value: { languages: ['en'] }, configurable: true });
await speak('en');

const finding = (n, more_of = {}) => ({ metric: 'dz10', scope: 'kind:conflict', n_blind: n, effect: null, low: null, high: null, verdict: 'too_few', reason: '', ...more_of });
const clear = { effect: 1.3, low: 1, high: 1.6, verdict: 'higher' };
const group = (word, n, more_of = {}) => ({ scope: 'kind', word, tagged: n + 1, counted: n, felt: 6.5, points: Array(n).fill(.4), matched: [-.9, 1], finding: finding(n, { scope: `kind:${word}`, ...more_of }) });
const none = { coverage: { worn_h: 0, days: 28, days_worn: 0 }, kinds: [], moments: [], trends: [], contrasts: [], settling: { median_min: null, n: 0, censored: 0, steps: [], cuts: [] }, concord: { finding: finding(0, { metric: 'concordance' }), points: [] },
  offers: { finding: finding(0, { metric: 'offer' }), decisions: 0, offered: [], withheld: [], taken: 0, rated_offered: [], rated_withheld: [], least_effect: null } };
const lived = kinds => ({ ...none, coverage: { worn_h: 278, days: 28, days_worn: 25 }, kinds });

test('a figure stands by its verdict and its number, not by one alone', () => {
  assert.equal(told(finding(8, clear)), true);
  assert.equal(told(finding(7, clear)), false);
  assert.equal(told(finding(9, { ...clear, verdict: 'too_few' })), false);
  assert.equal(told(finding(9, { ...clear, low: null })), false);
  assert.equal(told(finding(11, { ...clear, metric: 'dz10_trend' })), false);
  assert.equal(figure(finding(8, clear)), '+1.3 (+1.0 to +1.6)');
  assert.equal(figure(finding(7, clear)), '');
});

test('how many there are decides between listed only and too few', () => {
  assert.deepEqual([0, 4, 5, 7, 8].map(n => verdictOf(finding(n))), ['listed_only', 'listed_only', 'too_few', 'too_few', 'not_said']);
  assert.equal(rowsOf([group('ignored', 6)])[0].words, 'too few: 6 of 8');
  assert.equal(rowsOf([group('ignored', 3)])[0].words, 'listed only: 3 of 8');
});

test('under five moments nothing is drawn, under eight no difference', () => {
  const [listed, few, clearly] = rowsOf([group('rejection', 4), group('ignored', 6), group('conflict', 11, clear)]);
  assert.deepEqual([listed.points.length, listed.band, listed.effect], [0, null, null]);
  assert.deepEqual([few.points.length, few.band, few.effect], [6, [-.9, 1], null]);
  assert.deepEqual([clearly.points.length, clearly.effect, clearly.claimed, clearly.words], [11, [1.3, 1, 1.6], true, 'higher than matched']);
  assert.equal(clearly.counts, '12 tagged, 11 counted · felt 6.5');
});

test('all rows share a scale that holds what is drawn', () => {
  assert.deepEqual(scaleOf([{ points: [.2], band: null, effect: null }]), [-2, 4]);
  assert.deepEqual(scaleOf([{ points: [-2.4, 4.1], band: null, effect: null }]), [-4, 6]);
  assert.deepEqual([place(-2, [-2, 4]), place(1, [-2, 4]), place(40, [-2, 4])], [0, 50, 100]);
});

test('the gist says what was worn, what stood out, of how many kinds nothing can be said', () => {
  const said = gist(lived([group('conflict', 11, clear), group('criticism', 9, clear), group('ignored', 6), group('connection', 8, { ...clear, verdict: 'not_told_apart' })])).join(' ');
  assert.equal(said, 'Worn on 25 of 28 days, 11.1 hours a day. After conflict and criticism your arousal was higher than in matched moments. For 1 of 4 kinds there are too few moments to say.');
  assert.match(gist(lived([group('ignored', 6)])).join(' '), /Of no kind are there enough/);
  assert.match(gist(lived([group('connection', 8, { ...clear, verdict: 'not_told_apart' })])).join(' '), /No kind could be told apart/);
  assert.match(gist({ ...lived([group('conflict', 11, clear)]), offers: { ...none.offers, decisions: 23 } }).at(-1), /cannot be said yet/);
});

test('somebody with nothing is told so calmly', () => {
  assert.equal(nothingYet(none), true);
  assert.deepEqual(gist(none), ['Nothing was worn in these weeks.', 'No moment was tagged.']);
  assert.deepEqual(notYet(none), []);
});

test('what cannot be said yet comes with what it would take', () => {
  const open = { ...clear, low: -.2, verdict: 'not_told_apart', reason: 'interval:22' };
  const said = notYet({ ...lived([group('ignored', 6), group('connection', 8, open)]), trends: [finding(11, { metric: 'dz10_trend' })], offers: { ...none.offers, decisions: 30, offered: Array(13).fill(0), withheld: Array(10).fill(1), least_effect: 1.2 } }).join('\n');
  assert.match(said, /Anything on ignored \(6\): 8 counted moments of each are needed\./);
  assert.match(said, /Whether connection differs: the interval still includes no difference\. About 22 more would settle a medium one\./);
  assert.match(said, /12 moments of one kind over three weeks are needed; conflict has 11/);
  assert.match(said, /23 decisions by lot with a readable signal so far\. An effect under about 1\.2 SD would be missed\./);
  assert.deepEqual([more(finding(3, { reason: 'few:5' })), more(finding(3, { reason: 'few' })), more(finding(3))], [5, null, null]);
});

test('kinds with moments enough that are not told apart are named together, with how many more where that would help', () => {
  const open = n => ({ ...clear, verdict: 'not_told_apart', reason: n ? `interval_includes_none:${n}` : 'not_clear' });
  const said = notYet(lived([group('conflict', 9, open(22)), group('support', 9, open(7)), group('group', 9, open(0)), group('boundary', 9, open(0))]));
  assert.match(said[0], /^Whether these differ: conflict \(22\) and support \(7\)\./);
  assert.match(said[1], /^Whether these differ: group and boundary\. Chance does as much too often/);
  const flat = { ...open(0), effect: .1, low: -.3, high: .4 };
  assert.match(notYet(lived([group('group', 30, flat)]))[0], /^Whether these differ: group\. Half an SD would have shown four times in five, and did not; more of the same would tell little\./);
});

test('of two kinds the one that moves the body more is named first', () => {
  const pair = (words, effect) => finding(12, { metric: 'dz10_contrast', scope: `kind:${words}`, effect, low: effect - .4, high: effect + .4, verdict: effect > 0 ? 'higher' : 'lower' });
  assert.deepEqual(besides({ contrasts: [pair('conflict-support', .9), pair('group-exposure_step', -1.6), { ...pair('conflict-group', .2), verdict: 'not_told_apart' }] }),
    ['Arousal was higher after a step I planned than after group: +1.6 (+1.2 to +2.0) SD.', 'Arousal was higher after conflict than after support: +0.9 (+0.5 to +1.3) SD.']);
});

test('what changes has a sentence each, what does not has one for all', () => {
  const trend = (word, verdict) => finding(14, { metric: 'dz10_trend', scope: `kind:${word}`, effect: -.7, low: -1.2, high: -.1, verdict }), flat = { finding: finding(0, { metric: 'belonging_trend' }), change_at: '' };
  const said = changing({ trends: [trend('criticism', 'lower'), trend('conflict', 'not_told_apart'), trend('ignored', 'not_told_apart')], level: { ...flat, change_at: '2026-04-02', change_up: true }, belonging: flat, engagement: flat });
  assert.deepEqual(said, ['Reactions to criticism fade: \u22120.7 (\u22121.2 to \u22120.1) SD in 30 days.', 'No steady change can be told in reactions to conflict and ignored.', 'Level at rest: higher since April 2.']);
});

test('nothing says a reason, a likelihood by chance of a figure, or a judgement', () => {
  for (const language of ['en', 'de']) for (const [key, text] of Object.entries(all(language))) if (key.startsWith('findings.')) assert.doesNotMatch(text, /\bp\b\s*[=<]|p-value|signifi|caus|ursach|because|weil|stress|trigger|auslös/i, key);
});

test('settling is told in minutes, and what was not seen to the end with it', () => {
  const words = settlingWords({ median_min: 14, low_min: 11, high_min: 18, n: 31, censored: 7, trend: finding(31, { metric: 't_half_trend' }) });
  assert.deepEqual(words, ['Half-way back in 14 minutes at the median (90 % interval 11 to 18).', '31 risen moments. 7 were not seen to the end.', 'Whether it changes cannot be said yet.']);
  assert.match(settlingWords(none.settling)[0], /0 risen moments so far; 8 are needed/);
});

test('a breath is compared by offer, and not before there are enough', () => {
  assert.deepEqual(offersWords(none.offers), ['The lot has not offered or withheld a breath in these weeks.']);
  const early = offersWords({ ...none.offers, decisions: 12, finding: finding(12, { ...clear, metric: 'offer', verdict: 'lower' }) });
  assert.equal(early[0], 'No difference can be told yet.');
  assert.match(offersWords({ ...none.offers, decisions: 40, finding: finding(40, { effect: -.6, low: -.9, high: -.3, verdict: 'lower', metric: 'offer' }) })[0], /^Lower after an offer than after none\. .*\u22120\.6 \(\u22120\.9 to \u22120\.3\) SD/);
});

test('a moment that does not count says why, and one that was not seen to the end says over', () => {
  const m = { with_whom: ['work'], action: 'stayed', felt: 6, dz10: 1.12, half_min: 14, half_censored: true, standing: 'not_blind' };
  assert.deepEqual(momentWords(m), ['work', 'stayed', 'felt 6', '+1.1 SD', 'half-way back: over 14 min', 'listed, not counted: tagged after seeing the chart']);
  assert.equal(whenWords('2026-11-12T19:15'), 'Nov 12, 19:15');
  assert.equal(whenWords('2026-11-12T19:15', 10800), 'Nov 12, about 19:15');
});

test('moments of a group are those that carry its word', () => {
  const report = { moments: [{ kind: 'conflict', with_whom: ['work'], action: 'left', context: [] }, { kind: 'support', with_whom: [], action: '', context: ['talking'] }] };
  assert.deepEqual([['kind', 'conflict'], ['with_whom', 'work'], ['action', 'left'], ['context', 'talking'], ['kind', 'group']].map(([scope, word]) => momentsOf(report, { scope, word }).length), [1, 1, 1, 1, 0]);
});

test('a planned step is expected against met, and what was feared against what happened', () => {
  const step = { when: '2026-02-12', text: 'ask a question', expected: 7, met: 5, expectancy: 8, outcome: 2, state: 'done', dz10: 1.1 };
  assert.deepEqual(stepRows([step], '2026-03-02')[0].words, ['How hard: expected 7, met 5.', 'What was feared: sure 8 of 10, happened 2 of 10.', 'Body +1.1 SD.']);
  const ahead = { ...step, text: '', met: null, outcome: null, state: 'planned' };
  assert.deepEqual(['2026-02-11', '2026-02-12'].map(today => stepRows([ahead], today)[0].state), ['still to come', 'what came of it was not said']);
  assert.deepEqual([stepRows([step], '2026-03-02')[0].state, stepRows([{ ...ahead, state: 'dropped' }], '2026-03-02')[0].state], ['', 'dropped']);
});

test('where nothing counts the real reason is said', () => {
  const watched = cover => ({ ...lived([group('conflict', 0), group('ignored', 0)]), coverage: { worn_h: 278, days: 28, days_worn: 25, counted: 0, usable: 40, not_blind: 40, asked: 0, ...cover } });
  assert.match(gist(watched({})).join(' '), /All 40 moments with a usable signal were tagged after seeing the chart.* Tags made before looking can be\.$/);
  assert.doesNotMatch(gist(watched({})).join(' '), /enough|too few/);
  assert.match(gist(watched({ not_blind: 30, asked: 10 })).join(' '), /or when a rise had led to the question/);
  assert.match(gist(watched({ usable: 0, not_blind: 0 })).join(' '), /None of the moments tagged has a usable signal/);
  assert.match(notYet(watched({}))[0], /none of those tagged counts/);
});

test('a sure and small difference has its own words, everywhere', () => {
  const slight = { effect: .4, low: .2, high: .6, verdict: 'not_told_apart', reason: 'small' }, report = lived([group('connection', 16, slight)]);
  assert.equal(rowsOf(report.kinds)[0].words, 'under half an SD');
  assert.match(gist(report).join(' '), /1 kind differed by under half an SD\.$/);
  assert.match(notYet(report)[0], /^Higher or lower: connection\. A difference is sure, and under half an SD\./);
});

test('an interval that leaves none out is never told to include it', () => {
  const weak = { effect: .15, low: .02, high: .27, verdict: 'not_told_apart', reason: 'within_chance' };
  const [figures, words] = concordWords({ finding: finding(173, { metric: 'concordance', ...weak }) });
  assert.match(figures, /within the same kind of moment: r \+0\.15/);
  assert.match(words, /leaves none out, but chance does as much too often/);
  const flat = { finding: finding(0, { metric: 'belonging_trend' }), change_at: '' };
  assert.match(changing({ trends: [], level: { finding: finding(82, { metric: 'still_hr_trend', ...weak }), change_at: '' }, belonging: flat, engagement: flat })[0], /a drift is seen .* but chance does as much too often/);
});

test('later moments settling faster is a slope', () => {
  const trend = finding(66, { metric: 't_half_trend', effect: -41.98, low: -70.27, high: -10.96, verdict: 'lower' }), settling = { median_min: 4, low_min: 4, high_min: 5, n: 66, censored: 0, trend };
  assert.equal(settlingWords(settling).at(-1), 'Later moments settle faster: \u221242 (\u221270 to \u221211) s a month.');
  assert.match(gist({ ...lived([group('ignored', 6)]), settling }).join(' '), /Later moments settle faster: \u221242/);
});

test('a breath says what it rests on, and what was felt beside the effect', () => {
  const offers = { ...none.offers, decisions: 111, offered: Array(58).fill(0), withheld: Array(45).fill(1), taken: 32, rated_offered: [3, 3, 4], rated_withheld: [3, 3], finding: finding(103, { effect: -.68, low: -.9, high: -.45, verdict: 'lower', metric: 'offer' }) };
  const [effect, counts] = offersWords(offers);
  assert.match(effect, /adjusted for the level before: \u22120\.7 .* SD\. What you felt was rated alike: median 3\.$/);
  assert.equal(counts, '111 decisions by lot, 103 with a readable signal after: 58 offered, 45 withheld. Taken up 32 times.');
  assert.match(offersWords({ ...offers, made: 66 })[1], /Taken up: 32 of 66 offers\.$/);
  assert.match(gist({ ...lived([group('ignored', 6)]), offers }).at(-1), /lower afterwards than when the lot withheld it, while what you felt was rated alike \(median 3\)\.$/);
  assert.match(gist({ ...lived([group('ignored', 6)]), offers: { ...offers, rated_withheld: [5] } }).at(-1), /rated 3 with the offer, 5 without \(median\)\.$/);
});

test('numbers have their sign and the language’s own point', async () => {
  assert.deepEqual([1.25, -.04, 0, -1.2].map(x => signed(x)), ['+1.3', '0.0', '0.0', '\u22121.2']);
  await speak('de');
  assert.equal(signed(-1.2), '\u22121,2');
  assert.match(gist(lived([group('conflict', 11, clear)])).join(' '), /war Ihre Erregung höher als in passenden: Konflikt\./);
  await speak('en');
});

test('days of a report are pairs, the earlier first, each once', () => {
  assert.deepEqual([howOf('all'), howOf('none'), howOf('2026-01-01/2026-01-02')], ['all', 'none', 'some']);
  assert.deepEqual(pairsOf('2026-01-01/2026-01-02;2026-02-01/2026-02-02'), [['2026-01-01', '2026-01-02'], ['2026-02-01', '2026-02-02']]);
  assert.equal(spansOf([['2026-02-02', '2026-02-01'], ['2026-01-01', ''], ['2026-02-01', '2026-02-02']]), '2026-02-01/2026-02-02');
  assert.equal(spansOf([['', '2026-01-01']]), null);
});

test('the newest outcome of a tag counts, one that waits here too, and no other number', () => {
  const ratings = [{ kind: 'outcome', prompt_id: 'event/a', value: 3, t_ns: '5' }, { kind: 'outcome', prompt_id: 'event/b', value: 9, t_ns: '9' }, { kind: 'distress', prompt_id: 'event/a', value: 8, t_ns: '9' }];
  assert.equal(outcomeOf('a', ratings, []), 3);
  assert.equal(outcomeOf('a', ratings, [{ kind: 'rating', body: { kind: 'outcome', prompt_id: 'event/a', value: 1, t_ns: '10' } }]), 1);
  assert.equal(outcomeOf('c', ratings, []), null);
});
