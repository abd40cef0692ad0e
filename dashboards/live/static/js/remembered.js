/* Whose page it is and how it looks, kept on this device so that a tag can be made while the server is not reached. No health data: of what
   was chosen only what the page is drawn by. */

const KEY = 'somalink.page';
const CHOICES = /^(language|theme|introduced|hide_heart_rate|view_limit_min|breath_\w+|prompt_cap|consent_notes)$/;

export const statusOf = ({ person, display_name, tz, offset_s, offsets }) => ({ person, display_name, tz, offset_s, offsets });
const choicesOf = choices => Object.fromEntries(Object.entries(choices ?? {}).filter(([key]) => CHOICES.test(key)));

export function remember({ status, choices }, storage = globalThis.localStorage) {
  try { storage.setItem(KEY, JSON.stringify({ status: statusOf(status), choices: choicesOf(choices) })); } catch { /* private window */ }
}
export function remembered(storage = globalThis.localStorage) {
  try { const kept = JSON.parse(storage.getItem(KEY)); return kept && { status: kept.status, choices: choicesOf(kept.choices) }; } catch { return null; }
}
export function forget(storage = globalThis.localStorage) { try { storage.removeItem(KEY); } catch { /* nothing was kept */ } }
/** Calls back when another tab of this browser remembers anew: it may have become somebody else's. */
export const whenRemembered = fn => addEventListener('storage', e => { if (e.key === KEY) fn(); });
