/* The page's texts: catalogues by language, `{name}` for what is put in, `.one`/`.other` where a number decides. English stands in for
   what a language does not have. Ids never change; times and numbers are written as the language writes them. */

let words = {}, english = {};
export let language = 'en';

export const LANGUAGES = { en: 'English', de: 'Deutsch' };
const RIGHT_TO_LEFT = ['ar', 'fa', 'he', 'ur'];

const load = async name => (await fetch(`/texts/${name}.json`)).json();

/** Fetches the catalogue of `wanted`, else of the browser's first language that there is. */
export async function speak(wanted = '') {
  const asked = [wanted, ...navigator.languages].map(l => l.slice(0, 2));
  language = asked.find(l => l in LANGUAGES) ?? 'en';
  english = Object.keys(english).length ? english : await load('en');
  words = language === 'en' ? english : await load(language);
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(language) ? 'rtl' : 'ltr';
}

/** The text of `key`. `n` among what is put in chooses between `key.one`, `key.other` and so on. */
export function t(key, given = {}) {
  const rule = 'n' in given ? new Intl.PluralRules(language).select(Number(given.n)) : '';
  const text = words[`${key}.${rule}`] ?? words[`${key}.other`] ?? words[key] ?? english[`${key}.${rule}`] ?? english[`${key}.other`] ?? english[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => name in given ? (typeof given[name] === 'number' ? number(given[name]) : given[name]) : whole);
}

export const number = (x, digits = 0) => new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(x);

let offsets = [[-Infinity, 0]];
/** The wearer's own offset from UTC, which the server knows: a viewer in another zone sees the wearer's hours. `by_time`: [from_ms, offset_s],
    rising, where it changed; the first holds before too. */
export const useOffset = (seconds, by_time) => { offsets = by_time?.length ? by_time : [[-Infinity, seconds ?? 0]]; };
const aheadAt = ms => 1000 * (offsets.findLast(([from]) => from <= ms) ?? offsets[0])[1];
export const local = ms => new Date(ms + aheadAt(ms));
/** The moment at which the wearer's clock showed `wall`, as `local` gives it. */
export const fromLocal = wall => { const near = Number(wall) - aheadAt(Number(wall)); return Number(wall) - aheadAt(near); };
/** The same time by the wearer's clock, `n` days later. */
export const daysOn = (ms, n) => fromLocal(Number(local(ms)) + n * 86_400_000);
const form = options => ms => new Intl.DateTimeFormat(language, { timeZone: 'UTC', ...options }).format(local(ms));
export const clock = form({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
export const weekday = form({ weekday: 'long' });
export const weekdayShort = form({ weekday: 'short' });
export const dayAndMonth = form({ day: 'numeric', month: 'long' });
/** Minutes or hours, as one says them. */
export const span = minutes => minutes < 90 ? t('common.minutes', { n: Math.round(minutes) }) : t('common.hours_minutes', { h: Math.floor(minutes / 60), m: Math.round(minutes % 60) });
